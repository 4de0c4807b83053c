import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import { MINI_PROGRAM, World } from '../harness/world.js';

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

  test('once a minute for each reason and address: a flood does not fill the table', async () => {
    const person = await world.person();
    const events = await during(async () => {
      for (let time = 0; time < 5; time++) await world.loginWith(`0a1NoSuchCode${time}`);
      const code = await world.wxLogin(person);
      for (let time = 0; time < 3; time++) await world.loginWith(code);
      await world.pass(61);
      await world.loginWith('0a1NoSuchCodeLater');
    });
    const reasons = events.map(({ details }) => (JSON.parse(details) as { reason: string }).reason);
    expect(reasons).toEqual(['WECHAT_CODE_INVALID', 'WECHAT_CODE_USED', 'WECHAT_CODE_INVALID']);
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

  test('but not what is the fault of an app or of the line', async () => {
    const events = await during(async () => {
      for (const fault of [{ errcode: 40125 }, { errcode: 45011 }, { status: 502, body: '' }]) {
        await world.fault('/sns/jscode2session', fault);
        expect((await world.loginWith(await world.wxLogin(await world.person()))).status).toBeGreaterThan(
          401,
        );
      }
      expect((await world.loginWith('')).status).toBe(400);
    });
    expect(events).toEqual([]);
  });
});
