import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { MINI_PROGRAM, type Problem, type TokenReply, WEBSITE, World } from '../harness/world.js';

type Validated = Pick<TokenReply, 'user' | 'identity'> & Partial<Problem>;

function validate(world: World, code: unknown, options: CallOptions): Promise<Reply<Validated>> {
  return call(`${world.url}/v1/mini-program/validate-token`, { json: { code }, ...options });
}

describe('validate-token', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test('recognises the person that the token is of, and makes neither account nor session', async () => {
    const person = await world.person();
    const login = await world.miniProgramLogin(person);
    const before = [await world.count('users'), await world.count('sessions')];
    const reply = await validate(world, await world.wxLogin(person), { token: login.accessToken });
    expect(reply.status).toBe(200);
    expect(reply.body).toStrictEqual({ user: login.user, identity: login.identity });
    expect([await world.count('users'), await world.count('sessions')]).toEqual(before);
  });

  test('recognises a person by the token of their website login, and links the mini program', async () => {
    const person = await world.person();
    const login = await world.websiteLogin(person);
    const reply = await validate(world, await world.wxLogin(person), { token: login.accessToken });
    expect(reply.status).toBe(200);
    expect(reply.body.user.id).toBe(login.user.id);
    expect(reply.body.identity).toEqual({
      appId: MINI_PROGRAM,
      openId: person.openIds[MINI_PROGRAM],
      unionId: person.unionId,
    });
    expect(login.identity.appId).toBe(WEBSITE);
  });

  test("refuses somebody else's code, and ends nobody's session", async () => {
    const [mine, theirs] = [await world.person(), await world.person()];
    const login = await world.miniProgramLogin(mine);
    await world.miniProgramLogin(theirs);
    const reply = await validate(world, await world.wxLogin(theirs), { token: login.accessToken });
    expect(reply.status).toBe(401);
    expect(reply.body.code).toBe('TOKEN_CODE_MISMATCH');
    expect(reply.text).not.toContain(theirs.openIds[MINI_PROGRAM] ?? 'no openid');
    expect((await call(`${world.url}/v1/users/me`, { token: login.accessToken })).status).toBe(200);
  });

  test.each([true, false])(
    'refuses an unknown person, who gets no account (unionid: %s)',
    async (withUnionId) => {
      const login = await world.miniProgramLogin(await world.person());
      const stranger = await world.person({ withUnionId });
      const before = [await world.count('users'), await world.count('wechat_identities')];
      const reply = await validate(world, await world.wxLogin(stranger), { token: login.accessToken });
      expect(reply.status).toBe(401);
      expect(reply.body.code).toBe('TOKEN_CODE_MISMATCH');
      expect([await world.count('users'), await world.count('wechat_identities')]).toEqual(before);
      expect((await world.miniProgramLogin(stranger)).isNewUser).toBe(true);
    },
  );

  test('without a good token is refused before the code goes to WeChat, so the code stays good', async () => {
    const person = await world.person();
    const { accessToken, refreshToken } = await world.miniProgramLogin(person);
    const code = await world.wxLogin(person);
    const calls = await world.callsOf('/sns/jscode2session');
    const cases: readonly (readonly [CallOptions, string])[] = [
      [{}, 'TOKEN_MISSING'],
      [{ headers: { authorization: 'Basic dXNlcjpwYXNz' } }, 'TOKEN_MISSING'],
      [{ token: 'nonsense' }, 'TOKEN_INVALID'],
      [{ token: refreshToken }, 'TOKEN_INVALID'],
      [{ token: `${accessToken}x` }, 'TOKEN_INVALID'],
    ];
    for (const [options, expected] of cases) {
      const reply = await validate(world, code, options);
      expect({ status: reply.status, code: reply.body.code }).toEqual({ status: 401, code: expected });
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
    expect(await world.callsOf('/sns/jscode2session')).toBe(calls);
    expect((await validate(world, code, { token: accessToken })).status).toBe(200);
  });

  test('refuses a code that WeChat does not know, one that was used, and a malformed one', async () => {
    const person = await world.person();
    const { accessToken: token } = await world.miniProgramLogin(person);
    const code = await world.wxLogin(person);
    expect((await validate(world, code, { token })).status).toBe(200);
    const cases = [
      [code, 401, 'WECHAT_CODE_USED'],
      ['0nobodysCode', 401, 'WECHAT_CODE_INVALID'],
      [7, 400, 'VALIDATION_FAILED'],
      [undefined, 400, 'VALIDATION_FAILED'],
    ] as const;
    for (const [given, status, expected] of cases) {
      const reply = await validate(world, given, { token });
      expect({ status: reply.status, code: reply.body.code }).toEqual({ status, code: expected });
    }
  });

  test('takes a unionid that arrives late from it, and still recognises the person', async () => {
    const person = await world.person({ withUnionId: false });
    const older = await world.websiteLogin(person);
    world.clock.advance(1);
    const younger = await world.miniProgramLogin(person);
    const { unionId } = await world.control<{ unionId: string }>(
      `people/${person.id}`,
      { withUnionId: true },
      'PATCH',
    );
    await world.websiteLogin(person);
    const reply = await validate(world, await world.wxLogin(person), { token: younger.accessToken });
    expect(reply.status).toBe(200);
    expect(reply.body.user.id).toBe(older.user.id);
    expect(reply.body.identity.unionId).toBe(unionId);
  });
});

describe('with TOKEN_HEADER', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ TOKEN_HEADER: 'X-Token' });
  });
  afterAll(() => world.stop());

  test.each(['', 'Bearer ', 'bearer '])(
    'the token is read from that header, prefixed by "%s"',
    async (prefix) => {
      const person = await world.person();
      const { accessToken, user } = await world.miniProgramLogin(person);
      const reply = await validate(world, await world.wxLogin(person), {
        headers: { 'x-token': `${prefix}${accessToken}` },
      });
      expect(reply.status).toBe(200);
      expect(reply.body.user.id).toBe(user.id);
    },
  );

  test('Authorization still works', async () => {
    const person = await world.person();
    const { accessToken } = await world.miniProgramLogin(person);
    expect((await validate(world, await world.wxLogin(person), { token: accessToken })).status).toBe(200);
  });

  test('a bad token in that header is not saved by a good one in Authorization', async () => {
    const person = await world.person();
    const { accessToken } = await world.miniProgramLogin(person);
    const reply = await validate(world, await world.wxLogin(person), {
      token: accessToken,
      headers: { 'x-token': 'nonsense' },
    });
    expect(reply.body.code).toBe('TOKEN_INVALID');
  });
});
