import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { INSTANCES } from '../harness/backend.js';
import { Browser, refusalOf } from '../harness/browser.js';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { type Problem, type TokenReply, World } from '../harness/world.js';

function gist(reply: Reply<Problem>): { status: number; code: string } {
  return { status: reply.status, code: reply.body.code };
}

describe('the end of a session', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const login = async (): Promise<TokenReply> => world.miniProgramLogin(await world.person());
  const logout = (options: CallOptions): Promise<Reply<Problem>> =>
    call(`${world.url}/v1/auth/logout`, { method: 'POST', ...options });

  async function expectEnded({ accessToken, refreshToken }: TokenReply): Promise<void> {
    expect(gist(await world.verify(accessToken))).toEqual({ status: 401, code: 'SESSION_ENDED' });
    expect(gist(await world.refresh(refreshToken))).toEqual({ status: 401, code: 'SESSION_ENDED' });
  }

  const ways: readonly (readonly [string, (tokens: TokenReply) => CallOptions])[] = [
    ['the refresh token', ({ refreshToken }) => ({ json: { refreshToken } })],
    ['the access token', ({ accessToken }) => ({ token: accessToken })],
    ['the access token and an empty object', ({ accessToken }) => ({ token: accessToken, json: {} })],
    [
      'the access token and an empty body that calls itself JSON',
      ({ accessToken }) => ({ token: accessToken, headers: { 'content-type': 'application/json' } }),
    ],
  ];

  test.each(ways)('by %s holds at once, and doing it twice is no error', async (_what, by) => {
    const tokens = await login();
    expect((await world.verify(tokens.accessToken)).status).toBe(200);
    for (let time = 0; time < 2; time++) {
      const reply = await logout(by(tokens));
      expect(reply.status).toBe(204);
      expect(reply.text).toBe('');
      await expectEnded(tokens);
    }
  });

  test('by an older refresh token works too', async () => {
    const tokens = await login();
    const { body } = await world.refresh(tokens.refreshToken);
    expect((await logout({ json: { refreshToken: tokens.refreshToken } })).status).toBe(204);
    await expectEnded(body);
  });

  test('by a refresh token that is not ours is refused, also with a good access token beside it', async () => {
    const { accessToken } = await login();
    const reply = await logout({ token: accessToken, json: { refreshToken: 'nonsense' } });
    expect(gist(reply)).toEqual({ status: 401, code: 'REFRESH_TOKEN_INVALID' });
    expect((await world.verify(accessToken)).status).toBe(200);
  });

  test('by nothing, by a bad token or by a malformed body is refused', async () => {
    expect(gist(await logout({}))).toEqual({ status: 401, code: 'TOKEN_MISSING' });
    expect(gist(await logout({ token: 'nonsense' }))).toEqual({ status: 401, code: 'TOKEN_INVALID' });
    expect(gist(await logout({ json: { refreshToken: 7 } }))).toEqual({
      status: 400,
      code: 'VALIDATION_FAILED',
    });
  });

  test('ends no other session of the person', async () => {
    const person = await world.person();
    const [phone, desktop] = [await world.miniProgramLogin(person), await world.websiteLogin(person)];
    await logout({ token: phone.accessToken });
    await expectEnded(phone);
    expect((await world.verify(desktop.accessToken)).status).toBe(200);
  });

  test('is final: a refresh at the same time leaves nothing alive', async () => {
    for (let round = 0; round < 10; round++) {
      const tokens = await login();
      const [refreshed, ended] = await Promise.all([
        world.refresh(tokens.refreshToken),
        logout({ json: { refreshToken: tokens.refreshToken } }),
      ]);
      expect(ended.status).toBe(204);
      expect([200, 401]).toContain(refreshed.status);
      await expectEnded(refreshed.status === 200 ? refreshed.body : tokens);
    }
  });
});

describe('an account that an operator disabled', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const DISABLED = { status: 403, code: 'ACCOUNT_DISABLED' };

  test('cannot log in, nor refresh, nor use its tokens 5 s later; enabled again it can', async () => {
    const person = await world.person();
    const { user, accessToken, refreshToken } = await world.miniProgramLogin(person);
    expect((await world.verify(accessToken)).status).toBe(200);
    const setStatus = (status: string): Promise<void> =>
      world.backend.write(`UPDATE users SET status = '${status}' WHERE id = '${user.id}'`);
    await setStatus('disabled');
    const sessions = await world.count('sessions');
    expect(gist(await world.loginWith(await world.wxLogin(person)))).toEqual(DISABLED);
    expect(gist(await world.refresh(refreshToken))).toEqual(DISABLED);
    world.clock.advance(5);
    const me = await call<Problem>(`${world.url}/v1/users/me`, { token: accessToken });
    expect(gist(me)).toEqual(DISABLED);
    // For proxies and other services the token is invalid.
    expect(gist(await world.verify(accessToken))).toEqual({ status: 401, code: 'SESSION_ENDED' });
    expect(await world.count('sessions')).toBe(sessions);
    expect(await world.count(`events WHERE type = 'login.refused' AND user_id = '${user.id}'`)).toBe(1);
    // If the refused refresh had spent the token, it would now count as reused.
    world.clock.advance(61);
    await setStatus('active');
    expect((await world.verify(accessToken)).status).toBe(200);
    expect((await world.refresh(refreshToken)).status).toBe(200);
    expect((await world.miniProgramLogin(person)).user.id).toBe(user.id);
  });

  test('stays disabled when it is merged with one that is not', async () => {
    const person = await world.person({ withUnionId: false });
    const older = await world.miniProgramLogin(person);
    world.clock.advance(1);
    const younger = await world.websiteLogin(person);
    await world.backend.write(`UPDATE users SET status = 'disabled' WHERE id = '${younger.user.id}'`);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.miniProgramLogin(person);
    const location = await world.websiteCallback(new Browser(), person);
    expect(new URL(refusalOf(location)).search).toBe('?error=ACCOUNT_DISABLED');
    const rows = await world.backend.rows(`SELECT status FROM users WHERE id = '${older.user.id}'`);
    expect(rows).toEqual([{ status: 'disabled' }]);
  });
});

describe(`over ${INSTANCES} instance(s) on one database`, () => {
  let world: World;
  let last: string;
  beforeAll(async () => {
    world = await World.start({}, INSTANCES);
    last = world.service(INSTANCES - 1).url;
  });
  afterAll(() => world.stop());

  test('a session of one is good on the other, and its revocation holds there within 5 s', async () => {
    const tokens = await world.miniProgramLogin(await world.person());
    expect((await world.verify(tokens.accessToken, last)).status).toBe(200);
    await call(`${world.url}/v1/auth/logout`, { method: 'POST', token: tokens.accessToken });
    world.clock.advance(5);
    expect(gist(await world.verify(tokens.accessToken, last))).toEqual({
      status: 401,
      code: 'SESSION_ENDED',
    });
    expect(gist(await world.refresh(tokens.refreshToken, last))).toEqual({
      status: 401,
      code: 'SESSION_ENDED',
    });
  });

  test('refreshes of one token on both get one successor', async () => {
    const { refreshToken } = await world.miniProgramLogin(await world.person());
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        world.refresh(refreshToken, index % 2 === 0 ? world.url : last),
      ),
    );
    expect(new Set(replies.map((reply) => reply.body.refreshToken)).size).toBe(1);
    expect(replies.every((reply) => reply.status === 200)).toBe(true);
  });

  test('both publish the same keys, whichever of them started first', async () => {
    const [one, other] = await Promise.all(
      [world.url, last].map((url) => call(`${url}/.well-known/jwks.json`)),
    );
    expect(other?.body).toEqual(one?.body);
    expect(await world.count('signing_keys')).toBe(1);
  });
});
