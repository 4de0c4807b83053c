import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { pkce } from '../harness/pkce.js';
import { WeChatBrowser } from '../harness/wechat-browser.js';
import { MINI_PROGRAM, SHOP, World } from '../harness/world.js';

interface RefusedLogin {
  readonly user_id: string | null;
  readonly actor: string;
  readonly ip: string | null;
  readonly request_id: string | null;
  readonly details: string;
}

describe('logins that are refused are recorded', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  beforeEach(() => world.pass(61));
  afterAll(() => world.stop());

  const recorded = async (): Promise<readonly RefusedLogin[]> =>
    (await world.backend.rows(
      "SELECT user_id, actor, ip, request_id, details FROM events WHERE type = 'login.refused' ORDER BY id",
    )) as unknown as RefusedLogin[];

  const reasonsOf = (events: readonly RefusedLogin[]) =>
    events.map(({ details }) => (JSON.parse(details) as { reason: string }).reason);

  /** What was recorded meanwhile. */
  const during = async (work: () => Promise<unknown>): Promise<readonly RefusedLogin[]> => {
    const before = (await recorded()).length;
    await work();
    return (await recorded()).slice(before);
  };

  test('with reason, channel, app, address and request id, without the code', async () => {
    let requestId: string | null = null;
    const [event, ...others] = await during(async () => {
      const reply = await world.loginWith('0a1NoSuchCode', { appId: MINI_PROGRAM });
      expect(reply.body.code).toBe('WECHAT_CODE_INVALID');
      requestId = reply.headers.get('x-request-id');
    });
    expect(others).toEqual([]);
    expect(event).toMatchObject({ user_id: null, actor: 'user', ip: '127.0.0.1', request_id: requestId });
    expect(JSON.parse(event?.details ?? '')).toEqual({
      reason: 'WECHAT_CODE_INVALID',
      channel: 'mini-program',
      purpose: 'log-in',
      appId: MINI_PROGRAM,
    });
  });

  test('twenty a minute of one address each, the others counted in one event', async () => {
    const person = await world.person();
    const code = await world.wxLogin(person);
    await world.loginWith(code);
    const events = await during(async () => {
      for (let time = 0; time < 22; time++) await world.loginWith(`0a1NoSuchCode${time}`);
      for (let time = 0; time < 3; time++) await world.loginWith(code);
    });
    const details = events.map((event) => JSON.parse(event.details) as Record<string, unknown>);
    expect(details.slice(0, 20).map(({ reason }) => reason)).toEqual(Array(20).fill('WECHAT_CODE_INVALID'));
    expect(new Set(events.slice(0, 20).map((event) => event.request_id)).size).toBe(20);
    expect(details.slice(20)).toEqual([
      expect.objectContaining({ reason: 'REFUSED_OFTEN', channel: null, appId: null }),
    ]);
    expect(events[20]).toMatchObject({ user_id: null, actor: 'system', ip: '127.0.0.1' });
    // The count is written with a delay, not at each refusal.
    const counted = async () => JSON.parse((await recorded()).at(-1)?.details ?? '') as { count: number };
    while ((await counted()).count < 5) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await counted()).toMatchObject({ count: 5, reasons: ['WECHAT_CODE_INVALID', 'WECHAT_CODE_USED'] });
    const later = await during(async () => {
      await world.pass(61);
      await world.loginWith('0a1NoSuchCodeLater');
    });
    expect(later.map((event) => (JSON.parse(event.details) as { reason: string }).reason)).toEqual([
      'WECHAT_CODE_INVALID',
    ]);
  });

  test('by the person on a website', async () => {
    const browser = new Browser();
    const events = await during(async () => {
      const qrPage = await world.authorize(browser);
      const callback = new URL(qrPage.searchParams.get('redirect_uri') ?? '');
      callback.searchParams.set('state', qrPage.searchParams.get('state') ?? '');
      const reply = await browser.visit(callback.href);
      expect(reply.headers.get('location')).toContain('error=LOGIN_DENIED');
    });
    expect(events).toHaveLength(1);
    expect(JSON.parse(events[0]?.details ?? '')).toMatchObject({
      reason: 'LOGIN_DENIED',
      channel: 'website',
    });
  });

  test('by the person of a scan, whose account it is recorded for', async () => {
    const { accessToken, user } = await world.miniProgramLogin(await world.person());
    const events = await during(async () => {
      const ticket = await world.ticketOf(await world.attempt(new Browser()));
      await world.scan(accessToken, ticket);
      // The network repeats it.
      for (let time = 0; time < 2; time++) {
        expect((await world.scan(accessToken, ticket, 'deny')).body.status).toBe('denied');
      }
    });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ user_id: user.id });
    expect(JSON.parse(events[0]?.details ?? '')).toMatchObject({ reason: 'LOGIN_DENIED', channel: 'scan' });
  });

  test('also where an app or the line is at fault, and not where the request is', async () => {
    const events = await during(async () => {
      for (const fault of [{ errcode: 40125 }, { errcode: 45011 }, { status: 502, body: '' }]) {
        await world.fault('/sns/jscode2session', fault);
        expect((await world.loginWith(await world.wxLogin(await world.person()))).status).toBeGreaterThan(
          401,
        );
      }
      expect((await world.loginWith('')).status).toBe(400);
    });
    expect(reasonsOf(events)).toEqual(['WECHAT_CONFIGURATION', 'WECHAT_RATE_LIMITED', 'WECHAT_UNAVAILABLE']);
  });

  test.each<[string, string, () => Promise<unknown>]>([
    [
      'a state in another browser',
      'STATE_INVALID',
      async () => {
        const callback = await world.scanAndAllow(await world.authorize(new Browser()), await world.person());
        await new Browser().visit(callback.href);
      },
    ],
    ['an unknown state', 'STATE_INVALID', () => call(`${world.url}/v1/web-qr-login/callback?code=x&state=y`)],
    ['a loginCode of nobody', 'LOGIN_CODE_INVALID', () => world.redeem(new Browser(), 'a'.repeat(64))],
    [
      "somebody else's WeChat account",
      'IDENTITY_TAKEN',
      async () => {
        const [mine, other] = [await world.person(), await world.person()];
        const { accessToken: token } = await world.miniProgramLogin(mine);
        await world.miniProgramLogin(other);
        const json = { code: await world.wxLogin(other), proof: await world.miniProgramProof(mine) };
        await call(`${world.url}/v1/users/me/identities/mini-program`, { token, json });
      },
    ],
    [
      'an unknown ticket',
      'WEB_VIEW_TICKET_INVALID',
      () => {
        const query = { ticket: 'x', returnTo: SHOP, codeChallenge: pkce().challenge };
        return call(`${world.url}/v1/web-qr-login/authorize?${new URLSearchParams(query).toString()}`);
      },
    ],
    [
      'an account that is disabled',
      'ACCOUNT_DISABLED',
      async () => {
        const person = await world.person();
        const { user } = await world.miniProgramLogin(person);
        await world.backend.write(`UPDATE users SET status = 'disabled' WHERE id = '${user.id}'`);
        await world.loginWith(await world.wxLogin(person));
      },
    ],
    [
      'a visitor of a snapshot',
      'WECHAT_SNAPSHOT_USER',
      async () => {
        const browser = new WeChatBrowser(world, await world.person());
        const answer = {
          access_token: '59_token',
          openid: 'oMadeUp',
          scope: 'snsapi_base',
          is_snapshotuser: 1,
        };
        await world.fault('/sns/oauth2/access_token', { body: JSON.stringify(answer) });
        await browser.land(await browser.authorize());
      },
    ],
  ])('once, in one shape: %s', async (_what, reason, refuse) => {
    const events = await during(refuse);
    expect(events).toHaveLength(1);
    const [event] = events;
    expect(event).toMatchObject({ actor: 'user', ip: '127.0.0.1', request_id: expect.any(String) });
    const details = JSON.parse(event?.details ?? '') as Record<string, unknown>;
    expect(Object.keys(details).sort()).toEqual(['appId', 'channel', 'purpose', 'reason']);
    expect(details.reason).toBe(reason);
    expect(details.channel).toEqual(expect.any(String));
  });

  test('a change of the unionid: beside the event of the identity', async () => {
    const person = await world.person();
    await world.miniProgramLogin(person);
    const events = await during(async () => {
      await world.backend.write("UPDATE wechat_identities SET union_id = 'uOther'");
      await world.loginWith(await world.wxLogin(person));
    });
    expect(reasonsOf(events)).toEqual(['WECHAT_UNIONID_CHANGED']);
  });
});
