import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { Driver, MINI, type Answer } from './driver.js';

const NOTHING = "window.wx_errcode=408;window.wx_code='';";

describe('a QR login at the sandbox', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start({ settings: { longPollSeconds: 0.2 } });
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  const scan = (uuid: string, person = 'alice') => driver.control('scan', { uuid, person });

  it('shows a page with the markup, title and app name of the real one', async () => {
    const page = await driver.qrPage();
    expect([page.status, page.type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toMatch(/<img\s+class="js_qrcode_img web_qrcode_img" src="\/connect\/qrcode\/0\w{15}"/);
    expect(page.text).toContain('使用微信扫一扫登录');
    expect(page.text).toContain('示例网站 Demo Website');
    expect((await driver.qrPage({ lang: 'en' })).text).toContain('Scan with WeChat to log in');
  });

  it('draws the QR code as a real JPEG, and none for an unknown uuid', async () => {
    const response = await fetch(`${driver.sandbox.url}/connect/qrcode/${await driver.openQr()}`);
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    const picture = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    expect([picture.format, picture.width, picture.height]).toEqual(['jpeg', 430, 430]);
    expect((await driver.get('/connect/qrcode/0000000000000000')).status).toBe(404);
  });

  it.each([
    ['an unknown appid', { appid: 'wxffffffffffffffff' }, 'AppID 参数错误'],
    ['a mini program', { appid: MINI.appid }, 'AppID 参数错误'],
    ['no redirect_uri', { redirect_uri: '' }, 'redirect_uri 参数错误'],
    ['a script as redirect_uri', { redirect_uri: 'javascript:alert(1)' }, 'redirect_uri 参数错误'],
    ['another scope', { scope: 'snsapi_userinfo' }, 'Scope 参数错误或没有 Scope 权限'],
  ])('answers %s with an error page and status 200', async (_case, change, text) => {
    const page = await driver.qrPage(change);
    expect([page.status, page.type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toMatch(new RegExp(`<h4[^>]*>${text}</h4>`));
  });

  it('takes only registered callback hosts where some are set', async () => {
    await driver.control('settings', { callbackHosts: ['login.example.com'] });
    const at = async (redirect_uri: string) => (await driver.qrPage({ redirect_uri })).text;
    expect(await at('https://login.example.com/cb?x=1')).toContain('js_qrcode_img');
    expect(await at('https://login.example.com.evil.test/cb')).toContain('redirect_uri 参数错误');
    expect(await at('https://example.com/cb')).toContain('redirect_uri 参数错误');
  });

  it('goes from 408 over 404 to 405 with the code, which the site exchanges', async () => {
    const uuid = await driver.openQr();
    const held = await driver.poll(uuid);
    expect([held.type, held.text]).toEqual(['text/javascript', NOTHING]);
    await scan(uuid);
    expect((await driver.poll(uuid)).text).toBe("window.wx_errcode=404;window.wx_code='';");
    const { code, redirectUrl } = await driver.control('allow', { uuid });
    expect(redirectUrl).toBe(`http://localhost:3000/callback?code=${String(code)}&state=st4te`);
    expect((await driver.poll(uuid, { last: '404' })).text).toBe(
      `window.wx_errcode=405;window.wx_code='${String(code)}';`,
    );
    expect((await driver.exchangeWebsite(String(code))).json.openid).toBeDefined();
  });

  it('holds a poll whose last is the present state, and answers 404 at once without it', async () => {
    const uuid = await driver.openQr();
    await scan(uuid);
    expect((await driver.poll(uuid, { last: '404' })).text).toBe(NOTHING);
    expect((await driver.poll(uuid)).text).toContain('wx_errcode=404');
  });

  it('tells a waiting poll of each step at once', async () => {
    await driver.control('settings', { longPollSeconds: 20 });
    const uuid = await driver.openQr();
    const first = driver.poll(uuid);
    await opened(driver, 1);
    await scan(uuid);
    expect((await first).text).toContain('wx_errcode=404');
    const second = driver.poll(uuid, { last: '404' });
    await opened(driver, 2);
    await driver.control('deny', { uuid });
    expect((await second).text).toContain('wx_errcode=403');
    const third = driver.poll(uuid, { last: '403' });
    await opened(driver, 3);
    await driver.control('clock', { advanceSeconds: 300 });
    expect((await third).text).toContain('wx_errcode=402');
  });

  it('expires after five minutes by the clock, and an unknown uuid has expired', async () => {
    const uuid = await driver.openQr();
    await driver.control('clock', { advanceSeconds: 300 });
    expect((await driver.poll(uuid)).text).toBe("window.wx_errcode=402;window.wx_code='';");
    expect((await driver.poll('unknown')).text).toContain('wx_errcode=402');
    expect((await driver.send('POST', '/control/scan', { uuid, person: 'alice' })).status).toBe(409);
  });

  it('expires at once when told to, and a poll that waits learns it', async () => {
    await driver.control('settings', { longPollSeconds: 20 });
    const uuid = await driver.openQr();
    const poll = driver.poll(uuid);
    await opened(driver, 1);
    expect((await driver.control('expire', { uuid })).state).toBe('expired');
    expect((await poll).text).toContain('wx_errcode=402');
    const done = await driver.openQr();
    await scan(done);
    await driver.control('allow', { uuid: done });
    expect((await driver.send('POST', '/control/expire', { uuid: done })).status).toBe(409);
  });

  it('renews the code by f=xml', async () => {
    const { text, type } = await driver.qrPage({ f: 'xml', ts: '1' });
    expect(type).toBe('text/xml; charset=utf-8');
    const uuid = /<uuid>(\w{16})<\/uuid>/.exec(text)?.[1] ?? '';
    expect((await scan(uuid)).state).toBe('scanned');
  });

  it('answers as JSON with f=json', async () => {
    const uuid = await driver.openQr();
    await scan(uuid);
    expect((await driver.poll(uuid, { f: 'json' })).json).toEqual({ wx_errcode: 404, wx_code: '' });
  });

  it('does not redirect on refusal, and the same code may be scanned again', async () => {
    const uuid = await driver.openQr();
    await scan(uuid);
    expect((await driver.control('deny', { uuid })).redirectUrl).toBeNull();
    expect((await driver.poll(uuid)).text).toBe("window.wx_errcode=403;window.wx_code='';");
    await scan(uuid, 'laowang');
    expect((await driver.control('allow', { uuid })).state).toBe('confirmed');
  });

  it('redirects with state alone on refusal where the old behaviour is switched on', async () => {
    await driver.control('settings', { denyRedirects: true });
    const uuid = await driver.openQr({ redirect_uri: 'http://localhost:3000/callback?a=1', state: 'a b&c' });
    await scan(uuid);
    const { redirectUrl } = await driver.control('deny', { uuid });
    expect(redirectUrl).toBe('http://localhost:3000/callback?a=1&state=a%20b%26c');
    expect((await driver.poll(uuid)).text).toContain(`window.wx_denied_url="${String(redirectUrl)}"`);
  });

  it('refuses steps out of turn and a second scanner', async () => {
    const uuid = await driver.openQr();
    const step = async (name: string, more = {}) =>
      (await driver.send('POST', `/control/${name}`, { uuid, ...more })).status;
    expect(await step('allow')).toBe(409);
    expect(await step('deny')).toBe(409);
    await scan(uuid);
    expect(await step('scan', { person: 'laowang' })).toBe(409);
    expect(await step('scan', { person: 'alice' })).toBe(200);
    expect(await step('allow')).toBe(200);
    expect(await step('allow')).toBe(409);
    expect(await step('deny')).toBe(409);
  });

  it('scans what the QR code holds, which also leads to the phone', async () => {
    const uuid = await driver.openQr();
    const url = `${driver.sandbox.url}/connect/confirm?uuid=${uuid}`;
    expect(await driver.control('scan', { url, person: 'alice' })).toMatchObject({ uuid, state: 'scanned' });
    const { headers } = await fetch(url, { redirect: 'manual' });
    expect(headers.get('location')).toBe(`/phone?uuid=${uuid}`);
  });

  it('lists open codes, newest first, with the host that asks', async () => {
    const [first, second] = [await driver.openQr(), await driver.openQr()];
    const list = async () => (await driver.get('/control/qr')).json.logins as { uuid: string }[];
    expect((await list()).map(({ uuid }) => uuid)).toEqual([second, first]);
    expect((await list())[0]).toMatchObject({
      state: 'pending',
      redirectHost: 'localhost:3000',
      expiresIn: 300,
    });
    await scan(second);
    await driver.control('allow', { uuid: second });
    expect((await list()).map(({ uuid }) => uuid)).toEqual([first]);
    expect((await driver.get(`/control/qr/${second}`)).json.state).toBe('confirmed');
  });
});

describe('closing the sandbox', () => {
  it('lets held polls go at once', async () => {
    const driver = await Driver.start();
    const uuid = await driver.openQr();
    const held: Promise<Answer | undefined> = driver.poll(uuid).catch(() => undefined);
    await opened(driver, 1);
    const before = Date.now();
    await driver.close();
    await held;
    expect(Date.now() - before).toBeLessThan(3000);
  });
});

/** Waits until so many polls have reached the sandbox. */
async function opened(driver: Driver, count: number): Promise<void> {
  while ((await driver.calls('/connect/l/qrconnect')).length < count);
}
