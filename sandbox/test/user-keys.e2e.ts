import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCOUNT, Driver, MINI } from './driver.js';

const PATH = '/wxa/business/getuserencryptkey';
const START = Date.UTC(2026, 10, 21, 2);

interface KeyInfo {
  readonly encrypt_key: string;
  readonly version: number;
  readonly expire_in: number;
  readonly iv: string;
  readonly create_time: number;
}

describe('the encryption keys of a person at the sandbox', () => {
  let driver: Driver;
  let login: { key: string; openid: string };
  beforeAll(async () => {
    driver = await Driver.start({ clock: () => START });
  });
  beforeEach(async () => {
    await driver.control('reset');
    const { json } = await driver.exchange(await driver.wxLogin());
    login = { key: String(json.session_key), openid: String(json.openid) };
  });
  afterAll(() => driver.close());

  const query = async (change: Record<string, string> = {}) => ({
    access_token: await driver.appToken(),
    openid: login.openid,
    signature: createHmac('sha256', login.key).update('').digest('hex'),
    sig_method: 'hmac_sha256',
    ...change,
  });
  const ask = async (change: Record<string, string> = {}) => driver.get(PATH, await query(change));
  const keys = async () => (await ask()).json.key_info_list as KeyInfo[];

  it('are the last three, an hour each, the newest first', async () => {
    const first = await keys();
    expect(first).toEqual([
      {
        encrypt_key: expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/),
        version: 1,
        expire_in: 3600,
        iv: expect.stringMatching(/^[0-9a-f]{16}$/),
        create_time: START / 1000,
      },
    ]);
    await driver.control('clock', { advanceSeconds: 3 });
    expect(await keys()).toEqual([{ ...first[0], expire_in: 3597 }]);
    for (let hour = 0; hour < 3; hour++) {
      await driver.control('clock', { advanceSeconds: 3600 });
      await keys();
    }
    expect((await keys()).map(({ version, expire_in }) => [version, expire_in])).toEqual([
      [4, 3600],
      [3, 0],
      [2, 0],
    ]);
  });

  it('are those that the phone has', async () => {
    const phone = await driver.control('user-keys', { person: 'xiaoming' });
    const [latest] = await keys();
    expect(phone).toEqual({
      encryptKey: latest?.encrypt_key,
      iv: latest?.iv,
      version: latest?.version,
      expireTime: START / 1000 + 3600,
    });
    const other = await driver.control('user-keys', { person: 'alice' });
    expect(other.encryptKey).not.toBe(phone.encryptKey);
  });

  it('come by POST as well, with the parameters in the query', async () => {
    const search = new URLSearchParams(await query()).toString();
    expect((await driver.send('POST', `${PATH}?${search}`)).json.errcode).toBe(0);
  });

  it('come for a signature over the empty string by the living session_key, in lower case', async () => {
    const good = (await query()).signature;
    expect((await ask({ signature: good.toUpperCase() })).json.errcode).toBe(87009);
    expect((await ask({ signature: '' })).json.errcode).toBe(87009);
    expect((await ask({ sig_method: 'sha256' })).json.errcode).toBe(87009);
    expect((await ask({ openid: 'oNobody' })).json.errcode).toBe(40003);
    expect((await ask({ access_token: '' })).json.errcode).toBe(41001);
    expect((await ask({ access_token: await driver.appToken(ACCOUNT) })).json.errcode).toBe(48001);
    await driver.control('clock', { advanceSeconds: 60 });
    await driver.wxLogin();
    expect((await ask()).json.errcode).toBe(87009);
  });
});

describe('a session_key that a test sets', () => {
  it('is given out by the next login, and the one before is dead', async () => {
    const driver = await Driver.start();
    const before = (await driver.exchange(await driver.wxLogin())).json.session_key;
    await driver.control('session-keys', { person: 'xiaoming', sessionKey: '9hAb/NEYUlkaMBEsmFgzig==' });
    const { json } = await driver.exchange(await driver.wxLogin());
    expect(json.session_key).toBe('9hAb/NEYUlkaMBEsmFgzig==');
    expect(json.session_key).not.toBe(before);
    // Vector V9: the empty message under this key.
    const answer = await driver.get('/wxa/checksession', {
      access_token: await driver.appToken(MINI),
      openid: String(json.openid),
      signature: '1f7605aea24c0785899e51bc4c483167a20ea7b0f5f36cfd398e89cb21c91e9c',
      sig_method: 'hmac_sha256',
    });
    expect(answer.json.errcode).toBe(0);
    await driver.close();
  });
});
