import { randomBytes } from 'node:crypto';
import { Browser, locationOf } from './browser.js';
import { call, type Reply } from './http.js';
import { ADMIN_KEY, callWithKey } from './operator.js';
import { pkce } from './pkce.js';
import type { Person, World } from './world.js';

/** Where the partner of tests is. Nothing listens there: the tests read the redirect. */
export const PARTNER_CALLBACK = 'https://partner.example.com/callback';

/** A registered partner, as the operator sees it. */
export interface RegisteredPartner {
  readonly id: string;
  readonly secret?: string;
}

/** Tokens of a partner (RFC 6749 section 5.1), or an OAuth error. */
export interface PartnerTokensReply {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly id_token: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly error?: string;
  readonly error_description?: string;
}

/** An authorization request that was begun in a browser. */
export interface Begun {
  readonly browser: Browser;
  readonly url: URL;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** Where a login for a partner stands in the browser: a redirect to the partner, or a page. */
export interface Arrived {
  readonly location: URL | null;
  readonly page: Reply;
  /** The URL of the page. */
  readonly url: string;
}

/** A partner app that logs people in by OpenID Connect, without a library of its own: a test sees each step. */
export class PartnerApp {
  private constructor(
    readonly world: World,
    readonly id: string,
    readonly secret: string | undefined,
  ) {}

  /** Registers a partner as an operator. The world needs `API_KEYS`. */
  static async register(world: World, asked: Readonly<Record<string, unknown>> = {}): Promise<PartnerApp> {
    const json = {
      name: '小店',
      redirectUris: [PARTNER_CALLBACK],
      authMethod: 'client_secret_post',
      ...asked,
    };
    const reply = await callWithKey<RegisteredPartner>(`${world.url}/v1/admin/partners`, ADMIN_KEY, { json });
    if (reply.status !== 201) throw new Error(reply.text);
    return new PartnerApp(world, reply.body.id, reply.body.secret);
  }

  /** Begins a login. @param extra parameters that replace the usual ones; `null` leaves one out */
  begin(
    extra: Readonly<Record<string, string | null>> = {},
    browser = new Browser(),
    url = this.world.url,
  ): Begun {
    const { verifier, challenge } = pkce();
    const state = randomBytes(8).toString('hex');
    const nonce = randomBytes(8).toString('hex');
    const parameters = {
      client_id: this.id,
      redirect_uri: PARTNER_CALLBACK,
      response_type: 'code',
      scope: 'openid profile',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      state,
      nonce,
      ...extra,
    };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries<string | null>(parameters)) {
      if (value !== null) query.set(name, value);
    }
    return { browser, url: new URL(`${url}/oidc/auth?${query.toString()}`), verifier, state, nonce };
  }

  /** Follows redirects of the service until a page, or until it leads elsewhere. */
  async follow(browser: Browser, start: string): Promise<Arrived> {
    let url = start;
    for (let hops = 0; hops < 20; hops++) {
      const page = await browser.visit(url, { headers: { accept: 'text/html' } });
      if (page.status < 300 || page.status > 399) return { location: null, page, url };
      const next = locationOf(page, url);
      const isOwn = this.world.services.some((service) => next.href.startsWith(`${service.url}/`));
      if (!isOwn) return { location: next, page, url };
      url = next.href;
    }
    throw new Error(`too many redirects: ${url}`);
  }

  /** Logs a person in on the hosted login page at which a request has arrived, and follows on. */
  async logIn(browser: Browser, { url, page }: Arrived, person: Person): Promise<Arrived> {
    const returnTo = new URL(url).searchParams.get('returnTo');
    if (new URL(url).pathname !== '/login' || returnTo === null)
      throw new Error(`not at the login page: ${page.text}`);
    const back = await this.world.websiteCallback(browser, person, { returnTo });
    return this.follow(browser, back.href);
  }

  /** Sends the form of the consent page, and follows on. */
  async decide(browser: Browser, { page, url }: Arrived, decision = 'allow'): Promise<Arrived> {
    const token = /name="token" value="([^"]+)"/.exec(page.text)?.[1];
    if (token === undefined) throw new Error(`no consent page at ${url}: ${page.text.slice(0, 2000)}`);
    const reply = await browser.visit(url, {
      body: new URLSearchParams({ token, decision }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
    });
    const next = locationOf(reply, url);
    return next.href.startsWith(this.world.url)
      ? this.follow(browser, next.href)
      : { location: next, page: reply, url };
  }

  /** A whole login in the browser: by scan where needed, with consent where it is asked for. */
  async authorize(person: Person, begun: Begun = this.begin()): Promise<URL> {
    const { browser } = begun;
    let at = await this.follow(browser, begun.url.href);
    if (new URL(at.url).pathname === '/login') at = await this.logIn(browser, at, person);
    if (at.location === null) at = await this.decide(browser, at);
    if (at.location === null) throw new Error(`${at.url}: ${at.page.text}`);
    return at.location;
  }

  /** Calls the token endpoint as this partner. */
  token(
    fields: Readonly<Record<string, string>>,
    url = this.world.url,
    credentials: { id: string; secret: string | undefined } = this,
  ): Promise<Reply<PartnerTokensReply>> {
    return this.form('token', fields, url, credentials);
  }

  /** Posts a form to an endpoint with the credentials in the form. */
  form<Body = Record<string, unknown>>(
    endpoint: string,
    fields: Readonly<Record<string, string>>,
    url = this.world.url,
    { id, secret }: { id: string; secret: string | undefined } = this,
  ): Promise<Reply<Body>> {
    const all = { client_id: id, ...(secret !== undefined && { client_secret: secret }), ...fields };
    return call(`${url}/oidc/${endpoint}`, {
      body: new URLSearchParams(all).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  }

  /** Exchanges the code of a redirect. */
  exchange(location: URL, { verifier }: Begun, url = this.world.url): Promise<Reply<PartnerTokensReply>> {
    const code = location.searchParams.get('code') ?? '';
    return this.token(
      { grant_type: 'authorization_code', code, redirect_uri: PARTNER_CALLBACK, code_verifier: verifier },
      url,
    );
  }

  /** Exchanges a refresh token. */
  refresh(refreshToken: string, url = this.world.url): Promise<Reply<PartnerTokensReply>> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken }, url);
  }

  /** A whole login up to the tokens; expects success. */
  async logInFor(person: Person, extra: Readonly<Record<string, string>> = {}): Promise<PartnerTokensReply> {
    const begun = this.begin(extra);
    const location = await this.authorize(person, begun);
    const reply = await this.exchange(location, begun);
    if (reply.status !== 200) throw new Error(`${location.href}: ${reply.text}`);
    return reply.body;
  }

  /** GET /oidc/userinfo. */
  userinfo(accessToken: string, url = this.world.url): Promise<Reply> {
    return call(`${url}/oidc/userinfo`, { token: accessToken });
  }

  /**
   * Says yes on the page that asks whether to log out here, too, and follows on.
   * @param url of the logout, at the service
   */
  async logOut(browser: Browser, url: string): Promise<Arrived> {
    const { page } = await this.follow(browser, url);
    const xsrf = /name="xsrf" value="([0-9a-f]+)"/.exec(page.text)?.[1];
    if (xsrf === undefined) throw new Error(`no logout page at ${url}: ${page.text.slice(0, 2000)}`);
    const confirm = `${this.world.url}/oidc/logout/confirm`;
    const reply = await browser.visit(confirm, {
      body: new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
    });
    const next = locationOf(reply, confirm);
    return next.href.startsWith(`${this.world.url}/`)
      ? this.follow(browser, next.href)
      : { location: next, page: reply, url: confirm };
  }
}
