import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCOUNT, Driver, MINI, SITE, type Answer } from './driver.js';

describe('interface access tokens at the sandbox', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start({ clock: () => Date.UTC(2026, 10, 21, 2) });
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  const grant = { grant_type: 'client_credential' };
  const ordinary = () => driver.get('/cgi-bin/token', { ...MINI, ...grant });
  const stable = (more: Record<string, unknown> = {}) =>
    driver.send('POST', '/cgi-bin/stable_token', { ...MINI, ...grant, ...more });
  const tokenOf = async (answer: Promise<Answer>) => String((await answer).json.access_token);
  const wait = (advanceSeconds: number) => driver.control('clock', { advanceSeconds });
  /** What an API says of a token: 40003 (no such openid) means that the token is good. */
  const use = async (access_token: string) =>
    (await driver.get('/wxa/checksession', { access_token, openid: 'x' })).json.errcode;
  const GOOD = 40003;

  it('come as JSON with encoding=utf-8 and last two hours', async () => {
    const answer = await ordinary();
    expect([answer.status, answer.type]).toEqual([200, 'application/json; encoding=utf-8']);
    expect(answer.json).toEqual({
      access_token: expect.stringMatching(/^\d\d_[\w-]{133}$/),
      expires_in: 7200,
    });
    await wait(7199);
    expect(await use(String(answer.json.access_token))).toBe(GOOD);
    await wait(1);
    expect(await use(String(answer.json.access_token))).toBe(42001);
  });

  it('tell an error without a comma before the rid', async () => {
    const { json } = await driver.get('/cgi-bin/token', { appid: 'nobody' });
    expect(json.errcode).toBe(40013);
    expect(json.errmsg).toMatch(/^invalid appid rid: [0-9a-f]{8}(-[0-9a-f]{8}){2}$/);
  });

  it('are checked in the documented order, and given to no website', async () => {
    const asked = async (query: Record<string, string>) =>
      (await driver.get('/cgi-bin/token', query)).json.errcode;
    expect(await asked({})).toBe(41002);
    expect(await asked({ ...SITE, ...grant })).toBe(40013);
    expect(await asked({ appid: MINI.appid })).toBe(41004);
    expect(await asked({ appid: MINI.appid, secret: 'x' })).toBe(40125);
    expect(await asked(MINI)).toBe(40002);
    expect(await asked({ ...ACCOUNT, ...grant })).toBeUndefined();
  });

  it('put out the one before after five minutes', async () => {
    const first = await tokenOf(ordinary());
    const second = await tokenOf(ordinary());
    expect(second).not.toBe(first);
    await wait(299);
    expect(await use(first)).toBe(GOOD);
    await wait(1);
    expect(await use(first)).toBe(40001);
    expect(await use(second)).toBe(GOOD);
  });

  it('run into the daily quota and out of it on the next day', async () => {
    await driver.control('settings', { tokenDailyQuota: 2 });
    await ordinary();
    await ordinary();
    expect((await ordinary()).json.errcode).toBe(45009);
    await wait(86_400);
    expect((await ordinary()).json.expires_in).toBe(7200);
  });

  it('are the same stable one with its remaining time, apart from the ordinary ones', async () => {
    const first = await tokenOf(stable());
    await ordinary();
    await ordinary();
    await wait(1000);
    const again = await stable();
    expect(again.json).toEqual({ access_token: first, expires_in: 6200 });
    expect(await use(first)).toBe(GOOD);
  });

  it('are two stable ones side by side in the last five minutes', async () => {
    const first = await tokenOf(stable());
    await wait(6900);
    const second = await stable();
    expect(second.json.access_token).not.toBe(first);
    expect(second.json.expires_in).toBe(7200);
    expect(await use(first)).toBe(GOOD);
    await wait(300);
    expect(await use(first)).toBe(42001);
    expect(await use(String(second.json.access_token))).toBe(GOOD);
  });

  it('die at once when the stable one is forced, but not twice within 30 s', async () => {
    const first = await tokenOf(stable());
    const plain = await tokenOf(ordinary());
    const forced = await tokenOf(stable({ force_refresh: true }));
    expect(await use(first)).toBe(40001);
    expect(await use(plain)).toBe(GOOD);
    expect(await tokenOf(stable({ force_refresh: true }))).toBe(forced);
    await wait(30);
    expect(await tokenOf(stable({ force_refresh: true }))).not.toBe(forced);
  });

  it('are forced twenty times a day at most', async () => {
    for (let time = 0; time < 20; time += 1) {
      expect((await stable({ force_refresh: true })).json.errcode).toBeUndefined();
      await wait(30);
    }
    expect((await stable({ force_refresh: true })).json.errcode).toBe(45009);
    expect((await stable()).json.errcode).toBeUndefined();
  });

  it('want POST with a JSON object', async () => {
    const post = async (body: string, type: string) => {
      const url = `${driver.sandbox.url}/cgi-bin/stable_token`;
      const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
      return ((await response.json()) as { errcode: number }).errcode;
    };
    expect((await driver.get('/cgi-bin/stable_token')).json.errcode).toBe(43002);
    expect(
      await post(new URLSearchParams({ ...MINI, ...grant }).toString(), 'application/x-www-form-urlencoded'),
    ).toBe(47001);
    expect(await post('{"appid":', 'application/json')).toBe(47001);
    expect(await post('[]', 'application/json')).toBe(47001);
    expect(await post('', 'application/json')).toBe(44002);
    expect(await post(JSON.stringify({ ...MINI, ...grant, force_refresh: 1 }), 'application/json')).toBe(
      47001,
    );
    expect(await post('{"appid":{"$ne":1}}', 'application/json')).toBe(40013);
    // WeChat reads the body as JSON whatever the header says.
    expect(await post(JSON.stringify({ ...MINI, ...grant }), 'text/plain')).toBeUndefined();
  });

  it('are refused when missing, misshapen, or put out by somebody else', async () => {
    const token = await tokenOf(stable());
    await driver.control('app-tokens/put-out', { appId: MINI.appid });
    expect(await use(token)).toBe(40001);
    expect(await use('')).toBe(41001);
    expect(await use('rubbish')).toBe(40014);
  });
});
