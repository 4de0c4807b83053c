import { createDecipheriv, createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Driver, MINI, SITE, type Json } from './driver.js';

describe('open data of the sandbox', () => {
  let driver: Driver;
  const now = 1_700_000_000_000;
  beforeAll(async () => {
    driver = await Driver.start({ clock: () => now });
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  const login = async (person = 'xiaoming') => (await driver.exchange(await driver.wxLogin(person))).json;
  const keyOf = (session: Json) => String(session.session_key);
  const make = (change: Json) => driver.control('open-data', { person: 'xiaoming', ...change });
  const decrypt = (sealed: Json, sessionKey: string): string => {
    const key = Buffer.from(sessionKey, 'base64');
    const iv = Buffer.from(String(sealed.iv), 'base64');
    const decipher = createDecipheriv('aes-128-cbc', key, iv);
    return decipher.update(String(sealed.encryptedData), 'base64', 'utf8') + decipher.final('utf8');
  };
  const open = (sealed: Json, sessionKey: string) => JSON.parse(decrypt(sealed, sessionKey)) as Json;
  const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');

  it('holds a person’s profile under the living session_key, signed and watermarked', async () => {
    const session = await login();
    const sealed = await make({ kind: 'userInfo' });
    expect(Object.keys(sealed).sort()).toEqual(['encryptedData', 'iv', 'rawData', 'signature']);
    const shown = {
      nickName: '小明',
      gender: 0,
      language: 'zh_CN',
      city: '',
      province: '',
      country: '',
      avatarUrl: `${driver.sandbox.url}/mmopen/vi_32/xiaoming-1/132`,
    };
    expect(JSON.parse(String(sealed.rawData))).toEqual(shown);
    expect(sealed.signature).toBe(sha1(String(sealed.rawData) + keyOf(session)));
    expect(open(sealed, keyOf(session))).toEqual({
      ...shown,
      openId: session.openid,
      unionId: session.unionid,
      watermark: { timestamp: now / 1000, appid: MINI.appid },
    });
  });

  it('leaves the unionId out for a person of an app that is not bound', async () => {
    const session = await login('laowang');
    expect(open(await make({ person: 'laowang', kind: 'userInfo' }), keyOf(session))).not.toHaveProperty(
      'unionId',
    );
  });

  it('holds a phone number, Chinese or foreign', async () => {
    const session = await login('alice');
    await driver.control('settings', { numericCountryCode: true });
    expect(open(await make({ person: 'alice', kind: 'phone' }), keyOf(session))).toEqual({
      phoneNumber: '85291234567',
      purePhoneNumber: '91234567',
      countryCode: '852',
      watermark: { timestamp: now / 1000, appid: MINI.appid },
    });
  });

  it('holds whatever is given, an object with a watermark and text as it is', async () => {
    const key = keyOf(await login());
    const steps = await make({ kind: 'custom', data: { stepInfoList: [{ timestamp: 1, step: 7 }] } });
    expect(open(steps, key)).toEqual({
      stepInfoList: [{ timestamp: 1, step: 7 }],
      watermark: { timestamp: now / 1000, appid: MINI.appid },
    });
    const text = await make({ kind: 'custom', data: 'no JSON' });
    expect([decrypt(text, key), text.rawData, text.signature]).toEqual([
      'no JSON',
      'no JSON',
      sha1(`no JSON${key}`),
    ]);
  });

  it('is wrong in just the one way that is asked for', async () => {
    const key = keyOf(await login());
    const odd = await make({ kind: 'userInfo', timestamp: 7, watermarkAppId: 'wxother', openId: 'oOther' });
    expect(open(odd, key)).toMatchObject({
      openId: 'oOther',
      nickName: '小明',
      watermark: { timestamp: 7, appid: 'wxother' },
    });
    const anonymous = await make({ kind: 'userInfo', data: { nickName: '微信用户', watermark: null } });
    expect(open(anonymous, key)).toMatchObject({ nickName: '微信用户', watermark: null });
    expect(JSON.parse(String(anonymous.rawData))).toMatchObject({ nickName: '微信用户' });
    expect(String(anonymous.rawData)).not.toContain('watermark');
  });

  it('is made with the key before on request', async () => {
    const first = keyOf(await login());
    await driver.control('clock', { advanceSeconds: 60 });
    const second = keyOf(await login());
    expect(second).not.toBe(first);
    const previous = await make({ kind: 'phone', sessionKey: 'previous' });
    expect(open(previous, first)).toMatchObject({ phoneNumber: '13800138000' });
    expect(open(await make({ kind: 'phone', sessionKey: 'current' }), second)).toMatchObject({
      countryCode: '86',
    });
  });

  it('never shows the session_key', async () => {
    const key = keyOf(await login());
    for (const kind of ['userInfo', 'phone', 'custom']) {
      expect(JSON.stringify(await make({ kind }))).not.toContain(key);
    }
  });

  it.each([
    [{ kind: 'userInfo' }, 409],
    [{ kind: 'phone', sessionKey: 'previous' }, 409],
    [{}, 400],
    [{ kind: 'weRun' }, 400],
    [{ kind: 'phone', sessionKey: 'oldest' }, 400],
    [{ kind: 'phone', data: 'text' }, 400],
    [{ kind: 'phone', timestamp: 'now' }, 400],
    [{ kind: 'phone', appId: SITE.appid }, 404],
    [{ kind: 'phone', person: 'nobody' }, 404],
    [{ kind: 'phone', session_key: 'x' }, 400],
  ])('is not made for a person who never logged in with %j: %i', async (change, status) => {
    const body = { person: 'alice', ...change };
    // What is missing there is the key alone; everything else is wrong with a key, too.
    if (status !== 409) await login('alice');
    const answer = await driver.send('POST', '/control/open-data', body);
    expect([answer.status, typeof answer.json.error]).toEqual([status, 'string']);
  });
});
