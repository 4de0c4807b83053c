import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { type Problem, WEBSITE, World } from '../harness/world.js';

interface Answer extends Problem {
  readonly nickname: string | null;
}

describe('the profile', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const rename = (token: string, nickname: unknown) =>
    call<Answer>(`${world.url}/v1/users/me`, { method: 'PATCH', token, json: { nickname } });
  const sync = (token: string) =>
    call<Answer>(`${world.url}/v1/users/me/profile/sync`, { method: 'POST', token, json: {} });

  test('a person chooses a nickname: cleaned, cut to 64 characters, emoji kept', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    expect((await rename(accessToken, '  小\u202E红\u0000 👩‍👩‍👧  ')).body.nickname).toBe('小红 👩‍👩‍👧');
    expect((await rename(accessToken, '长'.repeat(100))).body.nickname).toBe('长'.repeat(64));
  });

  test('a mini program, which cannot send PATCH, chooses one by POST', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    const reply = await call<Answer>(`${world.url}/v1/users/me`, {
      token: accessToken,
      json: { nickname: '小程序里的名字' },
    });
    expect(reply.status).toBe(200);
    expect(reply.body.nickname).toBe('小程序里的名字');
  });

  test('what leaves nothing is refused, the placeholder changes nothing', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    await rename(accessToken, '真名');
    expect((await rename(accessToken, ' \u202E ')).body.code).toBe('VALIDATION_FAILED');
    expect((await rename(accessToken, 7)).body.code).toBe('VALIDATION_FAILED');
    expect((await rename(accessToken, '微信用户')).body.nickname).toBe('真名');
  });

  test('a website login fills an empty nickname and never replaces a chosen one', async () => {
    const person = await world.person({ nickname: 'WeChat name' });
    const { accessToken } = await world.miniProgramLogin(person);
    expect((await world.websiteLogin(person)).user.nickname).toBe('WeChat name');
    await rename(accessToken, 'chosen');
    expect((await world.websiteLogin(person)).user.nickname).toBe('chosen');
  });

  test('a sync reads the profile from WeChat again, after its access token has ended too', async () => {
    const person = await world.person({ nickname: 'before' });
    const { refreshToken, accessToken } = await world.websiteLogin(person);
    await world.control(`people/${person.id}`, { nickname: 'after 🌸' }, 'PATCH');
    expect((await sync(accessToken)).body.nickname).toBe('after 🌸');
    world.clock.advance(3 * 3600);
    await world.control(`people/${person.id}`, { nickname: 'later' }, 'PATCH');
    const refreshed = await call<{ accessToken: string }>(`${world.url}/v1/auth/refresh`, {
      json: { refreshToken },
    });
    expect((await sync(refreshed.body.accessToken)).body.nickname).toBe('later');
  });

  test("after 30 days WeChat's authorization is over, and without a website login there is none", async () => {
    const person = await world.person();
    const { refreshToken } = await world.websiteLogin(person);
    world.clock.advance(29 * 86_400);
    const kept = await call<{ refreshToken: string }>(`${world.url}/v1/auth/refresh`, {
      json: { refreshToken },
    });
    world.clock.advance(2 * 86_400);
    const refreshed = await call<{ accessToken: string }>(`${world.url}/v1/auth/refresh`, {
      json: { refreshToken: kept.body.refreshToken },
    });
    expect((await sync(refreshed.body.accessToken)).body).toMatchObject({
      status: 409,
      code: 'WECHAT_AUTHORIZATION_EXPIRED',
    });
    const { accessToken } = await world.miniProgramLogin(await world.person());
    expect((await sync(accessToken)).body.code).toBe('WECHAT_AUTHORIZATION_EXPIRED');
  });

  test.each(
    ['/sns/auth', '/sns/userinfo'].flatMap((endpoint) =>
      [40001, 40003, 42001].map((errcode) => [endpoint, errcode] as const),
    ),
  )(
    "a token that is dead at %s (%i) means that WeChat's authorization is over",
    async (endpoint, errcode) => {
      const { accessToken } = await world.websiteLogin(await world.person());
      await world.fault(endpoint, { errcode });
      const { body } = await sync(accessToken);
      expect(body).toMatchObject({ status: 409, code: 'WECHAT_AUTHORIZATION_EXPIRED' });
      expect(body.detail).toContain(String(errcode));
    },
  );

  test('an error of WeChat that is none of the token stays what it is', async () => {
    const { accessToken } = await world.websiteLogin(await world.person());
    await world.fault('/sns/auth', { errcode: -1, times: 3 });
    expect((await sync(accessToken)).body.code).toBe('WECHAT_BUSY');
    await world.fault('/sns/userinfo', { errcode: 48001 });
    expect((await sync(accessToken)).body.code).toBe('WECHAT_CONFIGURATION');
    expect((await sync(accessToken)).status).toBe(200);
  });

  test("a token that WeChat gives for somebody else's openid reads no profile", async () => {
    const person = await world.person({ nickname: 'mine' });
    const { accessToken } = await world.websiteLogin(person);
    const body = JSON.stringify({
      access_token: 'ofSomebodyElse',
      expires_in: 7200,
      refresh_token: 'ofSomebodyElse',
      openid: 'oSomebodyElse00000000000000',
      scope: 'snsapi_login',
    });
    await world.fault('/sns/oauth2/refresh_token', { body });
    expect((await sync(accessToken)).body).toMatchObject({ status: 502, code: 'WECHAT_BAD_REPLY' });
    expect((await sync(accessToken)).body.nickname).toBe('mine');
  });

  test("WeChat's refresh token stands in the database encrypted and nowhere else", async () => {
    const person = await world.person();
    await world.websiteLogin(person);
    const rows = await world.backend.rows(
      `SELECT refresh_token FROM wechat_identities WHERE app_id = '${WEBSITE}' AND refresh_token IS NOT NULL`,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row.refresh_token).toMatch(/^v1\.[\w-]+\.[\w-]+$/);
  });
});
