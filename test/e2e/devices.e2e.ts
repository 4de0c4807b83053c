import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { MINI_PROGRAM, type Problem, World } from '../harness/world.js';

interface Session {
  readonly id: string;
  readonly current: boolean;
  readonly appId: string;
  readonly channel: string;
  readonly device: { readonly browser: string | null; readonly os: string | null };
  readonly ip: string | null;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const IN_MINI_PROGRAM =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x18003231) NetType/WIFI Language/zh_CN miniProgram/wx5a4db0c0de000001';

describe('sessions and devices', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const login = async (person: Parameters<World['wxLogin']>[0], userAgent: string) =>
    (
      await call<{ accessToken: string; refreshToken: string }>(`${world.url}/v1/mini-program/login`, {
        json: { code: await world.wxLogin(person) },
        headers: { 'user-agent': userAgent },
      })
    ).body;
  const sessions = async (token: string) =>
    (await call<{ items: Session[] }>(`${world.url}/v1/users/me/sessions`, { token })).body.items;
  const end = (token: string, id = '') =>
    call<Problem>(`${world.url}/v1/users/me/sessions${id}`, { token, method: 'DELETE' });
  const isAlive = async (token: string) =>
    (await call(`${world.url}/v1/auth/verify`, { token })).status === 200;

  test('a person sees where they are logged in, and from which session they look', async () => {
    const person = await world.person();
    await login(person, CHROME);
    world.clock.advance(1);
    const { accessToken } = await login(person, IN_MINI_PROGRAM);
    const [newest, older, ...rest] = await sessions(accessToken);
    expect(rest).toEqual([]);
    expect(newest).toMatchObject({
      current: true,
      appId: MINI_PROGRAM,
      channel: 'mini_program',
      device: { browser: 'WeChat mini program', os: 'iOS 17' },
      ip: '127.0.0.1',
    });
    expect(older).toMatchObject({
      current: false,
      device: { browser: 'Chrome 142', os: expect.stringContaining('Windows') },
    });
    expect(new Date(newest?.expiresAt ?? '').getTime()).toBeGreaterThan(world.clock.now());
  });

  test('a refresh moves the last use, not the login', async () => {
    const person = await world.person();
    const { accessToken, refreshToken } = await login(person, CHROME);
    const [before] = await sessions(accessToken);
    world.clock.advance(600);
    await call(`${world.url}/v1/auth/refresh`, { json: { refreshToken } });
    const [after] = await sessions(accessToken);
    expect(after?.createdAt).toBe(before?.createdAt);
    expect(Date.parse(after?.lastUsedAt ?? '')).toBeGreaterThan(
      Date.parse(before?.lastUsedAt ?? '') + 500_000,
    );
  });

  test('one session is ended, then all others; somebody else’s is not there', async () => {
    const person = await world.person();
    const [one, two, three] = [
      await login(person, CHROME),
      await login(person, CHROME),
      await login(person, CHROME),
    ];
    const stranger = await login(await world.person(), CHROME);
    const [foreign] = await sessions(stranger.accessToken);
    expect((await end(one.accessToken, `/${foreign?.id}`)).body.code).toBe('NOT_FOUND');
    expect((await end(one.accessToken, '/%2e%2e')).status).toBeGreaterThanOrEqual(400);
    const mine = (await sessions(two.accessToken)).find(({ current }) => current);
    // The network repeats it.
    for (let time = 0; time < 2; time++) {
      expect((await end(one.accessToken, `/${mine?.id}`)).status).toBe(204);
    }
    expect(await isAlive(two.accessToken)).toBe(false);
    expect((await end(three.accessToken)).status).toBe(204);
    expect(await isAlive(one.accessToken)).toBe(false);
    expect(await isAlive(three.accessToken)).toBe(true);
    expect(await isAlive(stranger.accessToken)).toBe(true);
    expect(await sessions(three.accessToken)).toHaveLength(1);
  });
});

describe('SESSION_POLICY=session-key', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ SESSION_POLICY: 'session-key' });
    await world.control('settings', { sessionKeyMinIntervalSeconds: 0 });
  });
  afterAll(() => world.stop());

  const refresh = (refreshToken: string) =>
    call<Problem & { refreshToken: string }>(`${world.url}/v1/auth/refresh`, { json: { refreshToken } });

  test('a mini-program session is refreshed while WeChat knows the session_key, and ends with it', async () => {
    const person = await world.person();
    const { refreshToken } = await world.miniProgramLogin(person);
    const refreshed = await refresh(refreshToken);
    expect(refreshed.status).toBe(200);
    await world.wxLogin(person);
    expect((await refresh(refreshed.body.refreshToken)).body.code).toBe('SESSION_ENDED');
  });

  test('while WeChat cannot say, the session stays as it is', async () => {
    const { refreshToken } = await world.miniProgramLogin(await world.person());
    await world.control('faults', { endpoint: '/wxa/checksession', times: 3, errcode: -1 });
    expect((await refresh(refreshToken)).body.code).toBe('WECHAT_BUSY');
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  test.each([
    [{ body: 'no JSON' }, 502, 'WECHAT_BAD_REPLY'],
    [{ errcode: 99999 }, 502, 'WECHAT_ERROR'],
    [{ reset: true }, 503, 'WECHAT_UNAVAILABLE'],
  ])('what else WeChat says stands in the document: %p', async (fault, status, code) => {
    const { refreshToken } = await world.miniProgramLogin(await world.person());
    await world.fault('/wxa/checksession', fault);
    expect((await refresh(refreshToken)).body).toMatchObject({ status, code });
    expect((await refresh(refreshToken)).status).toBe(200);
    const { body } = await call<{
      paths: Record<string, { post: { responses: Record<string, { description: string }> } }>;
    }>(`${world.url}/docs/json`);
    const documented = body.paths['/v1/auth/refresh']?.post.responses ?? {};
    expect(documented[status]?.description.split(', ')).toContain(code);
    expect(documented[503]?.description.split(', ')).toContain('STORE_UNAVAILABLE');
  });

  test('a website session has no session_key and is refreshed', async () => {
    const { refreshToken } = await world.websiteLogin(await world.person());
    expect((await refresh(refreshToken)).status).toBe(200);
  });
});
