import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCOUNT, Driver } from './driver.js';
import { ServiceStandIn } from './service-stand-in.js';
import { WebViewBrowser } from './web-view-browser.js';

describe('the virtual WeChat’s browser', () => {
  let driver: Driver;
  let service: ServiceStandIn;
  let alice: WebViewBrowser;
  beforeAll(async () => {
    service = await ServiceStandIn.start();
    driver = await Driver.start({
      serviceUrl: service.url,
      servicePublicUrl: 'https://auth.example.com/wechat',
    });
  });
  beforeEach(async () => {
    service.reset();
    await driver.control('reset');
    alice = new WebViewBrowser(driver.sandbox.url, 'alice.wechat.localhost');
  });
  afterAll(async () => {
    await driver.close();
    await service.stop();
  });

  const page = (html: string, headers: Record<string, string> = {}) =>
    service.on('/login', (response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(html),
    );

  describe('shows the service’s pages', () => {
    it('to which it is WeChat on a phone, at their own origin', async () => {
      page('<p>hello</p>');
      await alice.visit('/login?returnTo=%2F', {
        headers: {
          'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0',
          'sec-ch-ua-platform': '"Linux"',
          'sec-fetch-dest': 'iframe',
          'accept-language': 'zh-CN',
          origin: alice.origin,
          referer: `${alice.origin}/login?a=1`,
        },
      });
      expect(service.asked).toHaveLength(1);
      const { path = '', headers = {} } = { ...service.asked[0] };
      expect(path).toBe('/login?returnTo=%2F');
      expect(headers['user-agent']).toMatch(/iPhone.* MicroMessenger\/8\.\d/);
      expect(headers).toMatchObject({
        host: new URL(service.url).host,
        'sec-fetch-dest': 'document',
        'accept-language': 'zh-CN',
        origin: 'https://auth.example.com',
        referer: 'https://auth.example.com/wechat/login?a=1',
      });
      expect(headers['sec-ch-ua-platform']).toBeUndefined();
    });

    it('in the phone’s frame, and in no other', async () => {
      page('<p>hello</p>', {
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; upgrade-insecure-requests",
        'x-frame-options': 'DENY',
      });
      const { headers } = await alice.visit('/login');
      const port = new URL(driver.sandbox.url).port;
      expect(headers['x-frame-options']).toBeUndefined();
      expect(headers['content-security-policy']).toMatch(
        new RegExp(
          `^default-src 'none'; frame-ancestors http://wechat\\.localhost:${port}; script-src 'nonce-`,
        ),
      );
    });

    it('with one script more, which the page’s policy lets run', async () => {
      page('<!doctype html><html><head class="x"><title>登录 🌱</title></head></html>', {
        'content-security-policy': "default-src 'self'; script-src 'nonce-own' 'strict-dynamic'",
      });
      const { headers, text } = await alice.visit('/login');
      const nonce = /<head class="x"><script nonce="([^"]+)" src="\/phone\/web\/page\.client\.js"/.exec(
        text,
      )?.[1];
      expect(headers['content-security-policy']).toContain(
        `script-src 'nonce-own' 'strict-dynamic' 'nonce-${String(nonce)}'`,
      );
      expect(text).toContain('<title>登录 🌱</title>');
      expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
      const script = await alice.visit('/phone/web/page.client.js');
      expect([script.status, script.headers['content-type']]).toEqual([
        200,
        'text/javascript; charset=utf-8',
      ]);
    });

    it.each([
      ['the service’s public URL', 'https://auth.example.com/wechat/login?x=1#y', '{here}/login?x=1#y'],
      ['its public URL alone', 'https://auth.example.com/wechat', '{here}/'],
      ['the address by which the sandbox calls it', '{service}/login', '{here}/login'],
      ['WeChat', '{sandbox}/connect/oauth2/authorize?appid=x', '{here}/connect/oauth2/authorize?appid=x'],
      ['a path', '/login', '/login'],
      [
        'a URL that only begins alike',
        'https://auth.example.com/wechat-2',
        'https://auth.example.com/wechat-2',
      ],
      ['somebody else', 'https://shop.example.com/welcome', 'https://shop.example.com/welcome'],
    ])('and stays inside where they redirect to %s', async (_case, location, expected) => {
      const filled = (text: string) =>
        text
          .replace('{here}', alice.origin)
          .replace('{service}', service.url)
          .replace('{sandbox}', driver.sandbox.url);
      service.on('/go', (response) => response.writeHead(302, { location: filled(location) }).end());
      const { status, headers } = await alice.visit('/go');
      expect([status, headers.location]).toEqual([302, filled(expected)]);
    });

    it('with cookies of this person alone, and none of the sandbox’s own', async () => {
      service.on('/login', (response) =>
        response
          .writeHead(200, { 'set-cookie': ['seen=1; Path=/; Domain=auth.example.com; HttpOnly', 'b=2'] })
          .end(),
      );
      const { headers } = await alice.visit('/login');
      expect(headers['set-cookie']).toEqual(['seen=1; Path=/; HttpOnly', 'b=2']);
      await alice.visit('/phone/web/enter?to=/login&full=1');
      await alice.visit('/login');
      expect(service.asked.at(-1)?.headers.cookie).toBe('seen=1; b=2');
      await new WebViewBrowser(driver.sandbox.url, 'laowang.wechat.localhost').visit('/login');
      expect(service.asked.at(-1)?.headers.cookie).toBeUndefined();
    });

    it('and passes bodies on as they come', async () => {
      service.on('/upload', (response, { body }) => response.writeHead(201).end(String(body.length)));
      const body = Buffer.alloc(3_000_000, 'x');
      const { status, text } = await alice.visit('/upload', {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body,
      });
      expect([status, text]).toEqual([201, '3000000']);
      expect(service.asked[0]?.method).toBe('POST');
    });

    it('and Server-Sent Events as they happen, until the page leaves', async () => {
      const left = new Promise<void>((resolve) => {
        service.on('/events', (response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n');
          response.once('close', resolve);
        });
      });
      const stream = await alice.open('/events');
      const first = await new Promise((resolve) =>
        stream.once('data', (chunk: Buffer) => resolve(String(chunk))),
      );
      expect(first).toBe('data: one\n\n');
      stream.destroy();
      await left;
    });

    it('and says so where the service does not answer', async () => {
      await driver.send('PUT', '/control/service', { url: 'http://127.0.0.1:1' });
      const { status, text } = await alice.visit('/login', { headers: { 'accept-language': 'en' } });
      expect([status, text]).toEqual([502, expect.stringContaining('Is it running?')]);
      expect(text).toContain('http://127.0.0.1:1');
      await driver.send('PUT', '/control/service', {
        url: service.url,
        publicUrl: 'https://auth.example.com/wechat',
      });
    });
  });

  it('leaves the phone’s own host, and every other, as they are', async () => {
    const phone = new WebViewBrowser(driver.sandbox.url, 'wechat.localhost');
    expect((await phone.visit('/phone')).text).toContain('id="web-view"');
    expect((await phone.visit('/login')).status).toBe(404);
    const other = new WebViewBrowser(driver.sandbox.url, 'alice.wechat.localhost.example.com');
    expect((await other.visit('/login')).status).toBe(421);
    expect(service.asked).toEqual([]);
  });

  it('does not let the service’s pages drive the control API', async () => {
    expect((await alice.visit('/control/people')).status).toBe(404);
    const phone = new WebViewBrowser(driver.sandbox.url, 'wechat.localhost');
    const foreign = await phone.visit('/control/people', { headers: { origin: alice.origin } });
    expect(foreign.status).toBe(403);
  });

  it('opens a page without the tap that opened it, and no page elsewhere', async () => {
    const { text } = await alice.visit(`/phone/web/enter?to=${encodeURIComponent('/login?a=1&b=2')}`);
    expect(text).toContain('{"to":"/login?a=1&b=2"}');
    for (const to of ['https://evil.example.com/', '//evil.example.com', '/\\evil.example.com', '']) {
      const elsewhere = await alice.visit(`/phone/web/enter?to=${encodeURIComponent(to)}`);
      expect(elsewhere.text).toContain('{"to":"/login"}');
    }
  });

  describe('asks who the person is', () => {
    const authorize = (browser: WebViewBrowser, change: Record<string, string> = {}, headers = {}) => {
      const query = new URLSearchParams({
        appid: ACCOUNT.appid,
        redirect_uri: 'https://auth.example.com/wechat/callback',
        response_type: 'code',
        scope: 'snsapi_base',
        state: 's',
        ...change,
      });
      return browser.visit(`/connect/oauth2/authorize?${query.toString()}`, { headers });
    };
    const tapped = { 'sec-fetch-user': '?1' };
    const exchange = async (location = '') =>
      (await driver.exchangeWebsite(new URL(location).searchParams.get('code') ?? '', ACCOUNT)).json;
    const openIdOf = async (id: string) => {
      const { people } = (await driver.get('/control/people')).json;
      const found = (people as { id: string; openIds: Record<string, string> }[]).find(
        (one) => one.id === id,
      );
      return found?.openIds[ACCOUNT.appid];
    };

    it('by its host, without a cookie or a MicroMessenger of its own', async () => {
      await driver.control('settings', { requireWeChatBrowser: true });
      const { status, headers } = await authorize(alice);
      expect([status, headers.location]).toEqual([
        302,
        expect.stringMatching(`^${alice.origin}/callback\\?code=`),
      ]);
      expect((await exchange(headers.location)).openid).toBe(await openIdOf('alice'));
      const nobody = new WebViewBrowser(driver.sandbox.url, 'nobody.wechat.localhost');
      expect((await authorize(nobody)).text).toContain('系统错误');
    });

    it('at its own host, also where a frame or the phone’s host was asked', async () => {
      const port = new URL(driver.sandbox.url).port;
      const phone = new WebViewBrowser(driver.sandbox.url, 'wechat.localhost');
      const usual = new WebViewBrowser(driver.sandbox.url, 'localhost');
      const framed = await authorize(usual, {}, { 'sec-fetch-dest': 'iframe' });
      expect(framed.headers.location).toMatch(`http://wechat.localhost:${port}/connect/oauth2/authorize?`);
      const inside = await authorize(phone, {}, { cookie: 'sandbox_person=alice' });
      expect(inside.headers.location).toMatch(`${alice.origin}/connect/oauth2/authorize?`);
    });

    it('checks redirect_uri as ever', async () => {
      await driver.control('settings', { callbackHosts: ['auth.example.com'] });
      expect((await authorize(alice)).status).toBe(302);
      const { status, text } = await authorize(alice, { redirect_uri: `${alice.origin}/callback` });
      expect([status, text]).toEqual([200, expect.stringContaining('10003')]);
    });

    it('with a prompt after a tap; allowing leads back with the unionid', async () => {
      const { headers } = await authorize(alice, { scope: 'snsapi_userinfo' }, tapped);
      expect(headers.location).toMatch(/^\/connect\/oauth2\/consent\?uuid=\w{16}$/);
      const prompt = await alice.visit(headers.location ?? '');
      expect(prompt.text).toContain('Alice 🌸');
      expect(prompt.text).toContain('示例服务号 Demo Service Account');
      expect(prompt.headers['content-security-policy']).toContain('frame-ancestors http://wechat.localhost:');
      const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
      const allowed = await alice.visit(headers.location ?? '', { ...form, body: 'answer=allow' });
      expect([allowed.status, allowed.headers.location]).toEqual([
        303,
        expect.stringMatching(`^${alice.origin}/callback\\?code=\\w+&state=s$`),
      ]);
      expect(await exchange(allowed.headers.location)).toMatchObject({
        openid: await openIdOf('alice'),
        unionid: expect.any(String),
      });
      const again = await alice.visit(headers.location ?? '', { ...form, body: 'answer=allow' });
      expect(again.text).toContain('页面已过期');
    });

    it('and a refusal ends there, without a redirect', async () => {
      const { headers } = await authorize(alice, { scope: 'snsapi_userinfo' }, tapped);
      const refused = await alice.visit(headers.location ?? '', { method: 'POST', body: 'answer=deny' });
      expect([refused.status, refused.headers.location]).toEqual([200, undefined]);
      expect(refused.text).toContain('You refused');
    });

    it('gives a prompt to nobody but the person in whose browser it is', async () => {
      const { headers } = await authorize(alice, { scope: 'snsapi_userinfo' }, tapped);
      expect((await driver.get(headers.location ?? '')).text).toContain('页面已过期');
      const qr = await driver.openQr();
      expect((await alice.visit(`/connect/oauth2/consent?uuid=${qr}`)).text).toContain('页面已过期');
    });

    it('as a snapshot user where nobody tapped, until 使用完整服务', async () => {
      const untapped = await authorize(alice, { scope: 'snsapi_userinfo' });
      expect(untapped.headers['set-cookie']).toEqual(['sandbox_page=snapshot; Path=/; SameSite=Lax']);
      const snapshot = await exchange(untapped.headers.location);
      expect(snapshot.is_snapshotuser).toBe(1);
      expect(snapshot.openid).not.toBe(await openIdOf('alice'));
      await alice.visit('/phone/web/enter?to=/login&full=1');
      const full = await authorize(alice, { scope: 'snsapi_userinfo' });
      expect(full.headers.location).toMatch('/connect/oauth2/consent');
      await alice.visit('/phone/web/enter?to=/login');
      const anew = await authorize(alice, { scope: 'snsapi_userinfo' });
      expect((await exchange(anew.headers.location)).is_snapshotuser).toBe(1);
    });

    it('as a snapshot user after a tap, too, where the person is set to be one', async () => {
      await driver.send('PATCH', '/control/people/alice', { snapshotUser: true });
      const { headers } = await authorize(alice, { scope: 'snsapi_userinfo' }, tapped);
      expect((await exchange(headers.location)).is_snapshotuser).toBe(1);
      const laowang = new WebViewBrowser(driver.sandbox.url, 'laowang.wechat.localhost');
      const other = await authorize(laowang, { scope: 'snsapi_userinfo' }, tapped);
      expect(other.headers.location).toMatch('/connect/oauth2/consent');
      const silent = await exchange((await authorize(alice)).headers.location);
      expect(silent.is_snapshotuser).toBeUndefined();
    });
  });
});
