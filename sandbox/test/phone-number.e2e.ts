import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCOUNT, Driver, MINI, type Answer, type Json } from './driver.js';

const PATH = '/wxa/business/getuserphonenumber';
const SECOND = { appId: 'wx5a4db0c0de000009', secret: 's9' };

describe('a phone number at the sandbox', () => {
  let driver: Driver;
  const now = 1_700_000_000_000;
  beforeAll(async () => {
    const miniPrograms = [{ appId: MINI.appid, secret: MINI.secret }, SECOND];
    driver = await Driver.start({ clock: () => now, apps: { miniPrograms } });
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  const code = async (change: Json = {}) =>
    String((await driver.control('phone-code', { person: 'xiaoming', ...change })).code);
  const exchange = (body: unknown) => driver.callWxa(PATH, body);
  const errcode = async (answer: Promise<Answer>) => (await answer).json.errcode;
  const phoneInfo = async (change: Json = {}) =>
    (await exchange({ code: await code(change) })).json.phone_info as Json;
  const openIdOf = async (person: string) =>
    String((await driver.exchange(await driver.wxLogin(person))).json.openid);

  it('is given for a code of 64 hex digits, with the watermark of app and time', async () => {
    const got = await driver.control('phone-code', { person: 'xiaoming' });
    expect(got).toEqual({ code: expect.stringMatching(/^[0-9a-f]{64}$/), appId: MINI.appid, expiresIn: 300 });
    const answer = await exchange({ code: got.code });
    expect([answer.status, answer.type]).toEqual([200, 'application/json; encoding=utf-8']);
    expect(answer.json).toEqual({
      errcode: 0,
      errmsg: 'ok',
      phone_info: {
        phoneNumber: '13800138000',
        purePhoneNumber: '13800138000',
        countryCode: '86',
        watermark: { timestamp: now / 1000, appid: MINI.appid },
      },
    });
  });

  it('is given once and for five minutes; a code of wx.login is none', async () => {
    const spent = await code();
    expect(await errcode(exchange({ code: spent }))).toBe(0);
    const again = await exchange({ code: spent });
    expect(again.json.errcode).toBe(40029);
    expect(again.json.errmsg).toMatch(
      /^invalid code hint: \[[\w-]{16}\] rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/,
    );
    const old = await code();
    const fresh = await code();
    await driver.control('clock', { advanceSeconds: 299 });
    expect(await errcode(exchange({ code: fresh }))).toBe(0);
    await driver.control('clock', { advanceSeconds: 1 });
    expect(await errcode(exchange({ code: old }))).toBe(40029);

    const login = await driver.wxLogin();
    expect(await errcode(exchange({ code: login }))).toBe(40029);
    expect((await driver.exchange(login)).json.errcode).toBeUndefined();
    expect((await driver.exchange(await code())).json.errcode).toBe(40029);
  });

  it('is not given to another app, and its code stays good for its own', async () => {
    const foreign = await code({ appId: SECOND.appId });
    expect(await errcode(exchange({ code: foreign }))).toBe(40029);
    const token = await driver.appToken({ appid: SECOND.appId, secret: SECOND.secret });
    expect(await errcode(driver.callWxa(PATH, { code: foreign }, token))).toBe(0);
  });

  it('is checked against the openid where one is given', async () => {
    const openid = await openIdOf('xiaoming');
    const stranger = await openIdOf('alice');
    const given = await code();
    expect(await errcode(exchange({ code: given, openid: stranger }))).toBe(40029);
    expect(await errcode(exchange({ code: given, openid }))).toBe(0);
  });

  it('has its country code in front when it is a foreign one', async () => {
    expect(await phoneInfo({ person: 'alice' })).toMatchObject({
      phoneNumber: '85291234567',
      purePhoneNumber: '91234567',
      countryCode: '852',
    });
    expect(await phoneInfo({ phoneNumber: '2025550123', countryCode: '1' })).toMatchObject({
      phoneNumber: '12025550123',
      countryCode: '1',
    });
    expect(await phoneInfo({ person: 'alice', phoneNumber: '13700137000' })).toMatchObject({
      phoneNumber: '13700137000',
      countryCode: '86',
    });
  });

  it('has a country code that is text or, by a setting, a number', async () => {
    await driver.control('settings', { numericCountryCode: true });
    expect((await phoneInfo()).countryCode).toBe(86);
    await driver.control('settings', { numericCountryCode: false });
    expect((await phoneInfo()).countryCode).toBe('86');
  });

  it('is set for a person, and made up, the same after a restart, where it is not', async () => {
    const bob = await driver.control('people', { id: 'bob' });
    expect([bob.phoneNumber, bob.countryCode]).toEqual([expect.stringMatching(/^139\d{8}$/), '86']);
    await driver.control('reset');
    expect((await driver.control('people', { id: 'bob' })).phoneNumber).toBe(bob.phoneNumber);

    await driver.send('PATCH', '/control/people/bob', { phoneNumber: '7911123456', countryCode: '44' });
    expect((await phoneInfo({ person: 'bob' })).phoneNumber).toBe('447911123456');
    const { json } = await driver.send('PATCH', '/control/people/bob', { phoneNumber: '13600136000' });
    expect([json.phoneNumber, json.countryCode]).toEqual(['13600136000', '86']);
  });

  it('checks method, token, right and body in this order', async () => {
    expect((await driver.get(PATH)).json.errcode).toBe(43002);
    expect(await errcode(driver.send('POST', PATH))).toBe(41001);
    expect(await errcode(driver.callWxa(PATH, undefined, 'x'))).toBe(40014);
    expect(await errcode(driver.callWxa(PATH, undefined, await driver.appToken(ACCOUNT)))).toBe(48001);
    expect(await errcode(exchange(undefined))).toBe(44002);
    expect(await errcode(exchange([]))).toBe(47001);
    expect(await errcode(exchange({ code: 7 }))).toBe(47001);
    expect(await errcode(exchange({}))).toBe(40029);
    const form = await fetch(`${driver.sandbox.url}${PATH}?access_token=${await driver.appToken()}`, {
      method: 'POST',
      body: new URLSearchParams({ code: await code() }),
    });
    expect(await form.json()).toMatchObject({
      errcode: 47001,
      errmsg: expect.stringMatching(/^data format error rid: /),
    });
  });

  it.each([
    [{}, 400],
    [{ person: 'nobody' }, 404],
    [{ person: 'alice', appId: ACCOUNT.appid }, 404],
    [{ person: 'alice', phoneNumber: 138 }, 400],
    [{ person: 'alice', phone: '138' }, 400],
  ])('has no code for %j', async (body, status) => {
    expect((await driver.send('POST', '/control/phone-code', body)).status).toBe(status);
  });
});
