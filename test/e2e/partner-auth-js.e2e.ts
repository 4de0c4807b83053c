import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Auth, type AuthConfig } from '@auth/core';
import { Browser } from '../harness/browser.js';
import { API_KEYS } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { World } from '../harness/world.js';

const SITE = 'http://localhost:3999';
const CALLBACK = `${SITE}/auth/callback/wechat`;

/** A session as Auth.js tells a page. */
interface Session {
  readonly user?: { readonly name?: string | null; readonly email?: string | null };
}

/** A site with Auth.js, called by a browser that keeps its cookies. */
class Site {
  private cookies = new Map<string, string>();

  constructor(private readonly config: AuthConfig) {}

  async visit(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await Auth(
      new Request(url, {
        headers: { cookie, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
        ...(form && { method: 'POST', body: new URLSearchParams(form).toString() }),
      }),
      this.config,
    );
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** The button "log in". @returns the URL to which it leads */
  async logIn(): Promise<URL> {
    const { csrfToken } = (await (await this.visit(`${SITE}/auth/csrf`)).json()) as { csrfToken: string };
    const response = await this.visit(`${SITE}/auth/signin/wechat`, { csrfToken, callbackUrl: SITE });
    return new URL(response.headers.get('location') ?? '');
  }

  async session(): Promise<Session | null> {
    return (await (await this.visit(`${SITE}/auth/session`)).json()) as Session | null;
  }
}

describe('Auth.js', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
  });
  afterAll(() => world.stop());

  /** The generic provider for OpenID Connect, with nothing but what the operator hands out. */
  async function register(): Promise<{ site: Site; partner: PartnerApp }> {
    const partner = await PartnerApp.register(world, {
      redirectUris: [CALLBACK],
      authMethod: 'client_secret_basic',
    });
    const site = new Site({
      secret: 'a secret of the site for its own cookies',
      trustHost: true,
      basePath: '/auth',
      // It would write the refused login of a test to the console.
      logger: { error: () => undefined },
      providers: [
        {
          id: 'wechat',
          name: 'WeChat',
          type: 'oidc',
          issuer: `${world.url}/oidc`,
          clientId: partner.id,
          clientSecret: partner.secret ?? '',
          checks: ['pkce', 'state', 'nonce'],
        },
      ],
    });
    return { site, partner };
  }

  test('logs a person in by its generic provider, and knows the nickname', async () => {
    const { site, partner } = await register();
    const url = await site.logIn();
    expect(url.searchParams.get('scope')).toBe('openid profile email');
    const begun = { browser: new Browser(), url, verifier: '', state: '', nonce: '' };
    const callback = await partner.authorize(await world.person({ nickname: '小华' }), begun);
    expect(callback.href.split('?')[0]).toBe(CALLBACK);
    const back = await site.visit(callback.href);
    expect(back.headers.get('location')).toBe(SITE);
    const session = await site.session();
    expect(session?.user?.name).toBe('小华');
    expect(session?.user?.email).toBeUndefined();
  });

  test('logs nobody in with a code of another browser', async () => {
    const { site, partner } = await register();
    const begun = {
      browser: new Browser(),
      url: await site.logIn(),
      verifier: '',
      state: '',
      nonce: '',
    };
    const callback = await partner.authorize(await world.person(), begun);
    const victim = (await register()).site;
    await victim.logIn();
    const back = await victim.visit(callback.href);
    expect(back.headers.get('location')).toContain('/error');
    expect(await victim.session()).toBeNull();
  });
});
