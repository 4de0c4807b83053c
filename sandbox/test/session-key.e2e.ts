import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCOUNT, Driver, type Answer } from './driver.js';

describe('the session_key at the sandbox', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start();
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  async function login(): Promise<{ key: string; openid: string }> {
    const { json } = await driver.exchange(await driver.wxLogin());
    return { key: String(json.session_key), openid: String(json.openid) };
  }

  async function ask(
    api: string,
    key: string,
    openid: string,
    change: Record<string, string> = {},
  ): Promise<Answer> {
    const signature = createHmac('sha256', key).update('').digest('hex');
    const query = { openid, signature, sig_method: 'hmac_sha256', ...change };
    return driver.get(`/wxa/${api}`, { access_token: await driver.appToken(), ...query });
  }
  const check = async (key: string, openid: string) => (await ask('checksession', key, openid)).json.errcode;
  const reset = (key: string, openid: string) => ask('resetusersessionkey', key, openid);

  it('stays the same on a quick second login', async () => {
    const first = await login();
    expect((await login()).key).toBe(first.key);
  });

  it('is replaced by a login after the minimum interval; the old one is dead', async () => {
    const first = await login();
    expect(await check(first.key, first.openid)).toBe(0);
    await driver.control('clock', { advanceSeconds: 60 });
    const second = await login();
    expect(second.key).not.toBe(first.key);
    expect(await check(first.key, first.openid)).toBe(87009);
    expect(await check(second.key, second.openid)).toBe(0);
  });

  it('dies with wx.login already, before the code is exchanged', async () => {
    await driver.control('settings', { sessionKeyMinIntervalSeconds: 0 });
    const { key, openid } = await login();
    await driver.wxLogin();
    expect(await check(key, openid)).toBe(87009);
  });

  it('is the one living key for two codes at once', async () => {
    await driver.control('settings', { sessionKeyMinIntervalSeconds: 0 });
    const [first, second] = [await driver.wxLogin(), await driver.wxLogin()];
    const keys = [await driver.exchange(first), await driver.exchange(second)].map((a) => a.json.session_key);
    expect(keys[0]).toBe(keys[1]);
  });

  it('belongs to a person and an openid: a foreign openid is 40003', async () => {
    const { key } = await login();
    expect(await check(key, 'oNobodyNobodyNobodyNobodyNo')).toBe(40003);
  });

  it('is checked by HMAC-SHA256 over nothing, keyed with its text', async () => {
    const { key, openid } = await login();
    const answer = await ask('checksession', key, openid);
    expect(answer.type).toBe('application/json; encoding=utf-8');
    expect(answer.json).toEqual({ errcode: 0, errmsg: 'ok' });
    const decoded = createHmac('sha256', Buffer.from(key, 'base64')).update('').digest('hex');
    const wrongs = [
      ['signature', decoded],
      ['signature', ''],
      ['sig_method', 'sha1'],
      ['sig_method', ''],
    ] as const;
    for (const [name, value] of wrongs) {
      const wrong = (await ask('checksession', key, openid, { [name]: value })).json;
      expect(wrong.errcode).toBe(87009);
      expect(wrong.errmsg).toMatch(/^invalid signature rid: [0-9a-f]{8}(-[0-9a-f]{8}){2}$/);
    }
  });

  it('is replaced by a reset at once, with the new one in the answer', async () => {
    const { key, openid } = await login();
    const { json } = await reset(key, openid);
    expect(json).toEqual({
      errcode: 0,
      errmsg: 'ok',
      openid,
      session_key: expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/),
    });
    const fresh = String(json.session_key);
    expect(await check(key, openid)).toBe(87009);
    expect(await check(fresh, openid)).toBe(0);
    expect((await reset(key, openid)).json.errcode).toBe(87009);
    expect((await login()).key).toBe(fresh);
  });

  it('keeps its age through a reset: the next login after the interval replaces it', async () => {
    const { key, openid } = await login();
    await driver.control('clock', { advanceSeconds: 59 });
    const fresh = String((await reset(key, openid)).json.session_key);
    await driver.control('clock', { advanceSeconds: 1 });
    expect((await login()).key).not.toBe(fresh);
  });

  it('is reset only so many times a minute', async () => {
    await driver.control('settings', { sessionKeyResetsPerMinute: 1 });
    const { key, openid } = await login();
    const fresh = String((await reset(key, openid)).json.session_key);
    expect((await reset(fresh, openid)).json.errcode).toBe(45011);
    expect(await check(fresh, openid)).toBe(0);
  });

  it('is nothing to a token of another kind of account, and nothing without a token', async () => {
    const { key, openid } = await login();
    const access_token = await driver.appToken(ACCOUNT);
    for (const api of ['checksession', 'resetusersessionkey']) {
      expect((await ask(api, key, openid, { access_token })).json.errcode).toBe(48001);
      expect((await ask(api, key, openid, { access_token: '' })).json.errcode).toBe(41001);
      expect((await ask(api, key, openid, { openid: '' })).json.errcode).toBe(40003);
    }
  });
});
