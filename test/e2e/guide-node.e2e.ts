import { createServer, type RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Webhook } from 'standardwebhooks';
import { whileRunning } from '../runner/running.js';
import { Browser, locationOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { type Listening, listening } from '../harness/listening.js';
import { blockOf, runInNode } from '../harness/printed-code.js';
import { MINI_PROGRAM, World } from '../harness/world.js';

const OTHER_SERVICES = 'docs/guide/other-services.md';
const KEY = '0123456789abcdef';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
/** What the samples have around them. */
const EXPRESS = `import express from 'express'; export const app = express();`;

let world: World;
const before = { ...process.env };
beforeAll(async () => {
  world = await World.start({ SERVICE_API_KEYS: `orders:${KEY}` });
  Object.assign(process.env, { SERVICE_KEY: KEY, WEBHOOK_SECRET: SECRET });
});
afterAll(async () => {
  for (const name of ['SERVICE_KEY', 'WEBHOOK_SECRET']) {
    if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before[name];
  }
  await world.stop();
});

/** A block of a page as printed, but for the address of wechat-auth. */
function printed(page: string, begin: string): string {
  return blockOf(page, begin).replaceAll('https://auth.example.com', world.url);
}

/** Runs a block that fills or makes an `app` of Express. */
async function serve(code: string): Promise<Listening> {
  const { app } = await runInNode<{ app: RequestListener }>(code);
  return listening(createServer(app));
}

describe('the code of other-services.md', () => {
  test.each([
    ['@wechat-auth/node', "import { createVerifier } from '@wechat-auth/node'"],
    ['jose', 'import { createRemoteJWKSet'],
  ])('with %s finds out who the user is', async (_library, begin) => {
    interface Code {
      readonly userOf: (request: object) => Promise<string>;
    }
    const { userOf } = await runInNode<Code>(printed(OTHER_SERVICES, begin));
    const { accessToken, user } = await world.miniProgramLogin(await world.person());
    expect(await userOf({ headers: { authorization: `Bearer ${accessToken}` } })).toBe(user.id);
    await expect(userOf({ headers: { authorization: `Bearer ${accessToken}x` } })).rejects.toThrow();
    await expect(userOf({ headers: {} })).rejects.toThrow();
  });

  const guarded = async (url: string): Promise<void> => {
    const { accessToken, user } = await world.miniProgramLogin(await world.person());
    expect((await call(`${url}/`)).text).toBe('for everybody');
    expect((await call(`${url}/orders`, { token: accessToken })).body).toEqual({ of: user.id });
    expect(await call(`${url}/orders`)).toMatchObject({ status: 401, body: { code: 'TOKEN_MISSING' } });
    expect(await call(`${url}/orders`, { token: `${accessToken}x` })).toMatchObject({
      status: 401,
      body: { code: 'TOKEN_INVALID' },
    });
  };

  test('guards routes of Express', async () => {
    const server = await serve(`${printed(OTHER_SERVICES, '// Express')}\nexport { app }`);
    await guarded(server.url);
    await server.close();
  });

  test('guards routes of Nest', async () => {
    const { AppModule } = await runInNode<{ AppModule: object }>(printed(OTHER_SERVICES, '// Nest'));
    const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
    const close = whileRunning('Nest', () => app.close());
    await app.listen(0, '127.0.0.1');
    await guarded(await app.getUrl());
    await close();
  });

  test('calls with a service key', async () => {
    interface Code {
      readonly whoIs: (token: string) => Promise<string | null>;
      readonly endSession: (token: string) => Promise<void>;
      readonly logIn: (
        code: string,
        person: { ip: string; userAgent: string },
      ) => Promise<{ accessToken: string; user: { id: string } }>;
      readonly wechatToken: (appId: string) => Promise<string>;
    }
    const begin = "import { createServiceClient } from '@wechat-auth/node'";
    const code = await runInNode<Code>(printed(OTHER_SERVICES, begin));
    const person = { ip: '203.0.113.7', userAgent: 'a phone' };
    const { accessToken, user } = await code.logIn(await world.wxLogin(await world.person()), person);
    expect(await code.whoIs(accessToken)).toBe(user.id);
    await code.endSession(accessToken);
    expect(await code.whoIs(accessToken)).toBeNull();
    expect(await code.wechatToken(MINI_PROGRAM)).toMatch(/\w{20,}/);
  });
});

describe('the code of webhooks.md', () => {
  test.each([
    ['@wechat-auth/node', "import { verifyWebhook } from '@wechat-auth/node'"],
    ['standardwebhooks', "import { Webhook } from 'standardwebhooks'"],
  ])('with %s takes what is signed, and nothing else', async (_library, begin) => {
    interface Code {
      readonly app: RequestListener;
      readonly handled: unknown[];
    }
    const around = `${EXPRESS} export const handled = [];
      const handleOnce = async (id, { type, data }) => void handled.push({ id, type, data });`;
    const { app, handled } = await runInNode<Code>(`${around}\n${printed('docs/webhooks.md', begin)}`);
    const server = await listening(createServer(app));
    const body = JSON.stringify({
      type: 'user.deleted',
      timestamp: new Date().toISOString(),
      data: { userId: '1', mergedUserIds: [] },
    });
    const post = async (secret: string, sentAt = new Date()): Promise<number> => {
      const headers = {
        'content-type': 'application/json',
        'webhook-id': 'one',
        'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign('one', sentAt, body),
      };
      return (await fetch(`${server.url}/hooks/wechat-auth`, { method: 'POST', headers, body })).status;
    };
    expect(await post(SECRET)).toBe(204);
    expect(await post(`whsec_${Buffer.alloc(32, 8).toString('base64')}`)).toBe(401);
    expect(await post(SECRET, new Date(Date.now() - 600_000))).toBe(401);
    expect(handled).toEqual([{ id: 'one', type: 'user.deleted', data: { userId: '1', mergedUserIds: [] } }]);
    await server.close();
  });
});

describe("the guide's code for a website's back end", () => {
  type Session = Record<string, unknown>;
  interface Code {
    readonly app: RequestListener;
    readonly sessions: Map<string, Session>;
  }

  let server: Listening;
  let sessions: Map<string, Session>;
  beforeAll(async () => {
    // The session of a browser, by a header field; a new one is empty.
    const around = `${EXPRESS} export const sessions = new Map();
      app.use((req, res, next) => {
        const id = req.headers['x-session'];
        const use = (session) => {
          req.session = session;
          sessions.set(id, session);
          session.regenerate = (done) => {
            use({});
            done();
          };
        };
        use(sessions.get(id) ?? {});
        next();
      });`;
    const code = printed('docs/guide/website.md', "import { createWebLogin } from '@wechat-auth/node'");
    const { app, ...rest } = await runInNode<Code>(`${around}\n${code}`);
    sessions = rest.sessions;
    server = await listening(createServer(app));
  });
  afterAll(() => server.close());

  const get = (path: string, session: string) =>
    call(`${server.url}${path}`, { headers: { 'x-session': session } });
  /** @returns path and query of the second route, to which the browser returns */
  async function logIn(session: string, next = ''): Promise<string> {
    const browser = new Browser();
    const start = locationOf(await get(`/login${next}`, session));
    const qrPage = locationOf(await browser.visit(start.href));
    const callback = await world.scanAndAllow(qrPage, await world.person());
    const back = locationOf(await browser.visit(callback.href));
    expect(back.href).toMatch(/^https:\/\/shop\.example\.com\/back\?/);
    return `${back.pathname}${back.search}`;
  }

  test('logs a person in, keeps the user in a new session, and shows no token to the browser', async () => {
    const back = await logIn('mine', '?next=/cart');
    const reply = await get(back, 'mine');
    expect(reply.status).toBe(302);
    expect(locationOf(reply, 'https://shop.example.com').href).toBe('https://shop.example.com/cart');
    const { userId, ...rest } = sessions.get('mine') ?? {};
    expect(Object.keys(rest)).toEqual(['regenerate']);
    expect(await world.count(`wechat_identities WHERE user_id = '${String(userId)}'`)).toBe(1);
    expect(`${reply.text}${JSON.stringify([...reply.headers])}`).not.toMatch(/eyJ/);
  });

  test('leads to no other site, and takes no loginCode of another browser', async () => {
    const reply = await get(await logIn('mine', '?next=https://evil.example/'), 'mine');
    expect(reply.headers.get('location')).toBe('/');
    const stolen = await get(await logIn('theirs'), 'other');
    expect(stolen).toMatchObject({ status: 401, text: expect.stringContaining('STATE_INVALID') });
    expect(sessions.get('other')).not.toHaveProperty('userId');
  });
});
