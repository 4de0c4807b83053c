import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCOUNT, Driver, MINI } from './driver.js';

describe('a ticket at the sandbox', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start({ clock: () => Date.UTC(2026, 10, 21, 2) });
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  const ask = async (type = 'jsapi', app = ACCOUNT) =>
    driver.get('/cgi-bin/ticket/getticket', { access_token: await driver.appToken(app), type });

  it.each(['jsapi', 'wx_card'])('of type %s lives two hours, and the next one is another', async (type) => {
    const answer = await ask(type);
    expect(answer.type).toBe('application/json; encoding=utf-8');
    expect(answer.json).toEqual({
      errcode: 0,
      errmsg: 'ok',
      ticket: expect.stringMatching(/^[\w-]{86}$/),
      expires_in: 7200,
    });
    expect((await ask(type)).json.ticket).not.toBe(answer.json.ticket);
  });

  it('is given to a mini program too, and to no other type', async () => {
    expect((await ask('jsapi', MINI)).json.errcode).toBe(0);
    expect((await ask('2')).json.errcode).toBe(40097);
    expect((await ask('')).json.errcode).toBe(40097);
  });

  it('needs a living access token, and GET', async () => {
    const path = '/cgi-bin/ticket/getticket';
    expect((await driver.get(path, { type: 'jsapi' })).json.errcode).toBe(41001);
    const access_token = await driver.appToken(ACCOUNT);
    await driver.control('app-tokens/put-out', { appId: ACCOUNT.appid });
    expect((await driver.get(path, { type: 'jsapi', access_token })).json.errcode).toBe(40001);
    expect((await driver.callWxa(path, {}, access_token)).json.errcode).toBe(43001);
  });

  it('is given only so many times a day to an app', async () => {
    await driver.control('settings', { ticketDailyQuota: 2 });
    expect([(await ask()).json.errcode, (await ask('wx_card')).json.errcode]).toEqual([0, 0]);
    expect((await ask()).json.errcode).toBe(45009);
    expect((await ask('jsapi', MINI)).json.errcode).toBe(0);
    await driver.control('clock', { advanceSeconds: 86_400 });
    expect((await ask()).json.errcode).toBe(0);
  });
});
