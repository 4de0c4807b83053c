import type { Type } from '@nestjs/common';
import type { PictureProgram } from '../../src/avatar/picture-program.js';
import type { RelayTiming } from '../../src/wechat-events/relay/relay-timing.js';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/src/sandbox.js';
import { whileRunning } from '../runner/running.js';
import { type Backend, createBackend } from './backend.js';
import { Browser, locationOf } from './browser.js';
import { call, type Reply } from './http.js';
import { MovableClock } from './movable-clock.js';
import { pkce } from './pkce.js';
import { type Service, startService } from './service.js';

export const MINI_PROGRAM = 'wx5a4db0c0de000001';
export const WEBSITE = 'wx5a4db0c0de000002';
export const SHOP = 'https://shop.example.com';

/** A person of the sandbox. */
export interface Person {
  readonly id: string;
  readonly nickname: string;
  readonly unionId: string | null;
  readonly openIds: Readonly<Record<string, string>>;
}

/** The reply of every login. */
export interface TokenReply {
  readonly tokenType: string;
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly refreshToken: string;
  readonly refreshExpiresIn: number;
  readonly isNewUser: boolean;
  readonly user: {
    readonly id: string;
    readonly nickname: string | null;
    readonly lastLoginAt: string | null;
  };
  readonly identity: { readonly appId: string; readonly openId: string; readonly unionId: string | null };
}

/** The reply that begins an attempt. */
export interface AttemptReply {
  readonly id: string;
  readonly secret: string;
  readonly method: string;
  readonly authorizeUrl?: string;
  readonly wxLogin?: Readonly<Record<string, string | number | boolean>>;
  readonly qrImageUrl?: string;
  readonly expiresAt: string;
}

/** The state of an attempt, for its browser or for the phone. */
export interface AttemptStatus {
  readonly status: string;
  readonly loginCode?: string;
  readonly site?: { readonly host: string; readonly name: string };
  readonly device?: Readonly<Record<string, string | null>>;
}

/** An error reply. */
export interface Problem {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId: string;
  readonly errors?: { readonly field: string; readonly message: string }[];
}

/** Deviations from the defaults: options of the sandbox, and what the service is assembled from. */
export interface WorldOptions extends SandboxOptions {
  readonly doors?: readonly Type[];
  /** Shorter limits of the relay of pushes. */
  readonly relayTiming?: RelayTiming;
  /** In place of the picture process of src/. */
  readonly pictureProgram?: PictureProgram;
}

/** The service (one or several instances on one database), the sandbox as WeChat, and one clock for all. */
export class World {
  private constructor(
    readonly clock: MovableClock,
    readonly sandbox: Sandbox,
    readonly backend: Backend,
    readonly services: readonly Service[],
    private readonly stopSandbox: () => Promise<void>,
  ) {}

  /**
   * Starts a world. Passport keeps strategies per process: the app that was started last answers the logins
   * of all apps in a test file. Several worlds are possible if only that one logs people in.
   * @param environment deviations from the defaults
   * @param instances number of instances that share database, store and keys
   * @param clock for tests that need the clock before the world exists
   */
  static async start(
    environment: Readonly<Record<string, string>> = {},
    instances = 1,
    { doors = [], relayTiming, pictureProgram, ...options }: WorldOptions = {},
    clock = new MovableClock(),
  ): Promise<World> {
    const sandbox = createSandbox({ clock: () => clock.now(), ...options });
    const stopSandbox = whileRunning('the sandbox', () => sandbox.close());
    const wechatUrl = await sandbox.listen();
    const backend = await createBackend();
    const services: Service[] = [];
    for (let instance = 0; instance < instances; instance++) {
      services.push(
        await startService(
          {
            ...backend.environment,
            // Instances share one public address, because each must accept the tokens of the others.
            ...(instances > 1
              ? { JWT_ISSUER: 'https://auth.example.com', JWT_AUDIENCE: 'https://auth.example.com' }
              : {}),
            WECHAT_API_URL: wechatUrl,
            WECHAT_OPEN_URL: wechatUrl,
            RETURN_URLS: SHOP,
            ...environment,
          },
          clock,
          { doors, relayTiming, pictureProgram },
        ),
      );
    }
    const world = new World(clock, sandbox, backend, services, stopSandbox);
    // The targets of the sample mini program and the virtual WeChat.
    const publicUrl = environment.PUBLIC_URL ?? world.url;
    await world.control('service', { url: world.url, publicUrl }, 'PUT');
    return world;
  }

  /** URL of the first instance. */
  get url(): string {
    return this.service().url;
  }

  /** Returns an instance. */
  service(index = 0): Service {
    const service = this.services[index];
    if (!service) throw new Error(`there is no instance ${index}`);
    return service;
  }

  async stop(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop()));
    await this.stopSandbox();
    await this.backend.drop();
  }

  /** Moves time forward for the service, WeChat and the store. */
  async pass(seconds: number): Promise<void> {
    this.clock.advance(seconds);
    await this.backend.ageStore(seconds);
  }

  /** Makes the next calls of an endpoint fail; see `POST /control/faults`. */
  async fault(endpoint: string, fault: Readonly<Record<string, unknown>>): Promise<void> {
    await this.control('faults', { endpoint, ...fault });
  }

  /** Number of calls of an endpoint so far. */
  async callsOf(endpoint: string): Promise<number> {
    const { count } = await this.control<{ count: number }>(`calls?endpoint=${encodeURIComponent(endpoint)}`);
    return count;
  }

  /** Counts rows. @param fromWhere the SQL after FROM */
  async count(fromWhere: string): Promise<number> {
    const [row] = await this.backend.rows(`SELECT COUNT(*) AS n FROM ${fromWhere}`);
    return Number(row?.n);
  }

  /** The log of all instances. */
  log(): string {
    return this.services.map((service) => service.log()).join('');
  }

  /** Calls the control API of the sandbox. */
  async control<Body = Record<string, unknown>>(
    path: string,
    json?: unknown,
    method?: string,
  ): Promise<Body> {
    const reply = await call<Body>(`${this.sandbox.url}/control/${path}`, {
      ...(json === undefined ? {} : { json }),
      ...(method === undefined ? {} : { method }),
    });
    if (reply.status >= 400) throw new Error(`sandbox: ${reply.text}`);
    return reply.body;
  }

  /** Creates a person. */
  person(traits: Readonly<Record<string, unknown>> = {}): Promise<Person> {
    return this.control<Person>('people', { nickname: '小明 🌱', withUnionId: true, ...traits });
  }

  /** Issues a code of wx.login. */
  async wxLogin(person: Person, appId = MINI_PROGRAM): Promise<string> {
    const { code } = await this.control<{ code: string }>('wx-login', { person: person.id, appId });
    return code;
  }

  /** POST /v1/mini-program/login with a code. */
  loginWith(code: unknown, extra: object = {}, url = this.url): Promise<Reply<TokenReply & Problem>> {
    return call(`${url}/v1/mini-program/login`, { json: { code, ...extra } });
  }

  /** Logs in by mini program and expects success. */
  async miniProgramLogin(person: Person, url = this.url): Promise<TokenReply> {
    const reply = await this.loginWith(await this.wxLogin(person), {}, url);
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.body;
  }

  /** POST /v1/auth/refresh. */
  refresh(refreshToken: unknown, url = this.url): Promise<Reply<TokenReply & Problem>> {
    return call(`${url}/v1/auth/refresh`, { json: { refreshToken } });
  }

  /** GET /v1/auth/verify: whether an access token is valid. */
  verify(token: string, url = this.url): Promise<Reply<Problem>> {
    return call(`${url}/v1/auth/verify`, { token });
  }

  /** Begins a website login. @returns WeChat's QR page */
  async authorize(
    browser: Browser,
    query: Readonly<Record<string, string>> = {},
    url = this.url,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<URL> {
    const parameters = new URLSearchParams({ returnTo: `${SHOP}/welcome`, ...query });
    const address = `${url}/v1/web-qr-login/authorize?${parameters.toString()}`;
    return locationOf(await browser.visit(address, { headers }));
  }

  /**
   * Scans the QR code of a page and gives consent. @returns the callback URL to which WeChat sends the
   * browser
   */
  async scanAndAllow(qrPage: URL, person: Person): Promise<URL> {
    const page = await call(qrPage.href);
    const uuid = /\/connect\/qrcode\/([A-Za-z0-9]+)/.exec(page.text)?.[1];
    if (uuid === undefined) throw new Error(`no QR code on ${page.text.slice(0, 300)}`);
    await this.control('scan', { uuid, person: person.id });
    await this.control('allow', { uuid });
    const poll = await call(`${this.sandbox.url}/connect/l/qrconnect?uuid=${uuid}`);
    const code = /wx_code='([^']+)'/.exec(poll.text)?.[1] ?? '';
    const callback = new URL(qrPage.searchParams.get('redirect_uri') ?? '');
    callback.searchParams.set('code', code);
    callback.searchParams.set('state', qrPage.searchParams.get('state') ?? '');
    return callback;
  }

  /** A website login up to the redirect to returnTo. */
  async websiteCallback(
    browser: Browser,
    person: Person,
    query: Readonly<Record<string, string>> = {},
  ): Promise<URL> {
    const callback = await this.scanAndAllow(await this.authorize(browser, query), person);
    return locationOf(await browser.visit(callback.href));
  }

  /** Proof of an account by a new wx.login. */
  async miniProgramProof(person: Person, appId = MINI_PROGRAM): Promise<{ code: string; appId: string }> {
    return { code: await this.wxLogin(person, appId), appId };
  }

  /** Proof of an account by a website login that is not redeemed. */
  async websiteProof(person: Person): Promise<{ loginCode: string | null; codeVerifier: string }> {
    const { verifier, challenge } = pkce();
    const location = await this.websiteCallback(new Browser(), person, { codeChallenge: challenge });
    return { loginCode: location.searchParams.get('loginCode'), codeVerifier: verifier };
  }

  /** Redeems a loginCode. */
  redeem(
    browser: Browser,
    loginCode: string | null,
    extra: object = {},
    url = this.url,
  ): Promise<Reply<TokenReply & Problem>> {
    return browser.visit(`${url}/v1/web-qr-login/token`, { json: { loginCode, ...extra } });
  }

  /** Logs in on the website and expects success. */
  async websiteLogin(person: Person): Promise<TokenReply> {
    const browser = new Browser();
    const location = await this.websiteCallback(browser, person);
    const reply = await this.redeem(browser, location.searchParams.get('loginCode'));
    if (reply.status !== 200) throw new Error(`${location.href}: ${reply.text}`);
    return reply.body;
  }

  /** Begins an attempt and expects success; by mini program unless another method is given. */
  async attempt(
    browser: Browser,
    asked: Readonly<Record<string, unknown>> = {},
    url = this.url,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<AttemptReply> {
    const json = { method: 'mini-program', returnTo: `${SHOP}/welcome`, ...asked };
    const reply = await browser.visit<AttemptReply>(`${url}/v1/web-qr-login/attempts`, { json, headers });
    if (reply.status !== 201) throw new Error(reply.text);
    return reply.body;
  }

  /** The state of an attempt for a browser. */
  status(
    browser: Browser,
    id: string,
    headers: Readonly<Record<string, string>> = {},
    url = this.url,
  ): Promise<Reply<AttemptStatus & Problem>> {
    return browser.visit(`${url}/v1/web-qr-login/attempts/${id}`, { headers });
  }

  /** Opens the mini program code of an attempt. @returns its ticket */
  async ticketOf({ qrImageUrl = '' }: AttemptReply): Promise<string> {
    const picture = await call(qrImageUrl);
    if (picture.status !== 200) throw new Error(picture.text);
    const { codes } = await this.control<{ codes: { scene: string }[] }>('wxacodes');
    return codes[0]?.scene ?? '';
  }

  /** Reports a scan from the mini program: opened, confirmed (with a code of wx.login), or denied. */
  scan(
    accessToken: string,
    ticket: string,
    step: 'open' | 'confirm' | 'deny' = 'open',
    json: unknown = {},
    url = this.url,
  ): Promise<Reply<AttemptStatus & Problem>> {
    const path = `${url}/v1/mini-program/scans/${ticket}${step === 'open' ? '' : `/${step}`}`;
    return call(path, { token: accessToken, json });
  }
}
