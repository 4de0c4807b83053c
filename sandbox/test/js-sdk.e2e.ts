import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { signPage } from '../src/js-sdk/signature.js';
import { ACCOUNT, Driver, type Json } from './driver.js';

describe('the signature of a page', () => {
  const stamp = { nonceStr: 'Wm3WZYTPz0wzccnW', timestamp: '1414587457' };
  const ticket = 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg';
  it.each([
    ['V10', 'http://mp.weixin.qq.com?params=value', '0f9de62fce790f9a083d5c99e95740ceb90c27ed'],
    ['V10b', 'http://mp.weixin.qq.com', 'f4d90daf4b3bca3078ab155816175ba34c443a7b'],
  ])('is that of %s', (_, url, signature) => {
    expect(signPage(ticket, stamp, url)).toBe(signature);
  });
});

describe('wx.config', () => {
  const URL = 'https://shop.example.com/goods?id=7&from=singlemessage';
  let driver: Driver;
  let ticket: string;
  beforeAll(async () => {
    driver = await Driver.start();
  });
  beforeEach(async () => {
    await driver.control('reset');
    const query = { access_token: await driver.appToken(ACCOUNT), type: 'jsapi' };
    ticket = String((await driver.get('/cgi-bin/ticket/getticket', query)).json.ticket);
  });
  afterAll(() => driver.close());

  const stamp = { nonceStr: 'n', timestamp: '1700000000' };
  const config = (change: Json = {}, signedUrl = URL) =>
    driver.control('js-sdk-configs', {
      ...{ appId: ACCOUNT.appid, ...stamp, url: URL, signature: signPage(ticket, stamp, signedUrl) },
      ...change,
    });
  const invalid = (url = URL) => ({ errMsg: 'config:invalid signature', realAuthUrl: [url] });
  const ok = { errMsg: 'config:ok' };

  it('is right over the whole URL without its fragment, with the time as a number or text', async () => {
    expect(await config()).toEqual(ok);
    expect(await config({ url: `${URL}#part`, timestamp: 1700000000 })).toEqual(ok);
    expect(await config({}, `${URL}#part`)).toEqual(invalid());
    expect(await config({}, 'https://shop.example.com/goods')).toEqual(invalid());
    expect(await config({}, encodeURI(`${URL}&q=%20`))).toEqual(invalid());
  });

  it.each<[string, Json]>([
    ['another nonce', { nonceStr: 'm' }],
    ['another time', { timestamp: '1700000001' }],
    ['none of it', { nonceStr: undefined, timestamp: undefined, signature: undefined }],
  ])('is wrong with %s', async (_, change) => {
    expect(await config(change)).toEqual(invalid());
  });

  it('is wrong with a signature in upper case, and with a ticket that has ended', async () => {
    const signature = signPage(ticket, stamp, URL);
    expect(await config({ signature: signature.toUpperCase() })).toEqual(invalid());
    await driver.control('clock', { advanceSeconds: 7200 });
    expect(await config()).toEqual(invalid());
  });

  it('works on the safe domains of the account only', async () => {
    await driver.control('settings', { jsSafeDomains: ['www.example.com'] });
    expect(await config()).toEqual({ errMsg: 'config:invalid url domain' });
    await driver.control('settings', { jsSafeDomains: ['www.example.com', 'shop.example.com'] });
    expect(await config()).toEqual(ok);
    expect(await config({ appId: 'wxother' })).toEqual({ errMsg: 'config:invalid url domain' });
  });

  it('keeps to the first URL of a page where it plays an iPhone', async () => {
    const firstUrl = 'https://shop.example.com/';
    expect(await config({ firstUrl })).toEqual(ok);
    await driver.control('settings', { firstUrlCounts: true });
    expect(await config({ firstUrl })).toEqual(invalid(firstUrl));
    expect(await config({ firstUrl }, firstUrl)).toEqual(ok);
  });

  it('is asked with an address', async () => {
    expect((await driver.send('POST', '/control/js-sdk-configs', { appId: ACCOUNT.appid })).status).toBe(400);
  });

  it('has its script', async () => {
    const { status, type, text } = await driver.get('/open/js/jweixin-1.6.0.js');
    expect([status, type]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(text).toContain('wx.config');
  });
});
