import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Driver } from './driver.js';

describe('the pages of the sandbox', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start({
      serviceUrl: 'http://localhost:4000',
      apps: { websites: [{ appId: 'wx5a4db0c0de000002', secret: 's', name: '<b>Shop</b> & "co"' }] },
    });
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  const headers = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(driver.sandbox.url + path, { redirect: 'manual', ...init });
    return { headers: response.headers, text: await response.text(), status: response.status };
  };

  it('lead from / to the phone', async () => {
    const { status, headers: found } = await headers('/');
    expect([status, found.get('location')]).toEqual([302, '/phone']);
  });

  it('run only scripts that carry the nonce of this very answer', async () => {
    const nonces = new Set<string>();
    for (const path of ['/phone', '/phone', '/connect/qrconnect?appid=x']) {
      const { headers: found, text } = await headers(path);
      const policy = found.get('content-security-policy') ?? '';
      const nonce = /script-src 'self' 'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      const scripts = [...text.matchAll(/<(?:script|style)(?! type="application\/json")[^>]*>/g)].map(
        ([tag]) => tag,
      );
      for (const tag of scripts) expect(tag).toContain(`nonce="${nonce}"`);
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(3);
  });

  it('let only the QR page be framed, as WxLogin.js does', async () => {
    const policy = async (path: string) => (await headers(path)).headers.get('content-security-policy');
    expect(await policy('/phone')).toContain("frame-ancestors 'none'");
    const qr =
      '/connect/qrconnect?appid=wx5a4db0c0de000002&redirect_uri=http%3A%2F%2Fx%2F&response_type=code&scope=snsapi_login';
    expect(await policy(qr)).not.toContain('frame-ancestors');
  });

  it('speak the language of Accept-Language or of ?lang', async () => {
    const language = async (path: string, accept: string) =>
      /<html lang="([^"]+)"/.exec(
        (await headers(path, { headers: { 'accept-language': accept } })).text,
      )?.[1];
    expect(await language('/phone', 'zh-TW,zh;q=0.9,en;q=0.8')).toBe('zh-CN');
    expect(await language('/phone', 'fr,en;q=0.8,zh;q=0.1')).toBe('en');
    expect(await language('/phone', 'fr')).toBe('en');
    expect(await language('/phone?lang=zh', 'en')).toBe('zh-CN');
  });

  it('escape the name of an app and everything else that they show', async () => {
    const state = '</script><script>alert(1)</script>';
    const { text } = await driver.qrPage({ state });
    expect(text).toContain('&lt;b&gt;Shop&lt;/b&gt; &amp; &quot;co&quot;');
    expect(text).not.toContain('<script>alert');
    expect(text).toContain(String.raw`\u003c/script>`);
  });

  it('hold no nickname as HTML: the phone gets people as JSON', async () => {
    const nickname = '<img src=x onerror=alert(1)>';
    const { id } = await driver.control('people', { nickname });
    expect((await headers('/phone')).text).not.toContain('onerror');
    const people = await headers('/control/people');
    expect(people.headers.get('content-type')).toContain('application/json');
    expect(JSON.parse(people.text)).toMatchObject({
      people: expect.arrayContaining([expect.objectContaining({ id, nickname })]),
    });
  });

  it('take a nickname of a hundred thousand characters and refuse a longer one', async () => {
    const nickname = '🌸'.repeat(50_000);
    const { id } = await driver.control('people', { nickname });
    const { json } = await driver.exchangeWebsite(await driver.websiteCode(String(id)), { secret: 's' });
    const profile = await driver.get('/sns/userinfo', {
      access_token: String(json.access_token),
      openid: String(json.openid),
    });
    expect(profile.json.nickname).toBe(nickname);
    expect((await driver.send('POST', '/control/people', { nickname: `${nickname}x` })).status).toBe(400);
  });

  it('pass lone surrogates and control characters on as JSON escapes', async () => {
    const nickname = 'a\ud800b\u0000\u202e';
    const { nickname: kept } = await driver.control('people', { nickname });
    expect(kept).toBe(nickname);
  });

  it('serve the scripts, icon and faces of the phone, and nothing else', async () => {
    expect((await headers('/phone/assets/main.client.js')).headers.get('content-type')).toContain(
      'text/javascript',
    );
    expect((await headers('/phone/assets/icon.svg')).headers.get('content-type')).toContain('image/svg+xml');
    expect((await headers('/phone/faces/fox/7cc6a4')).text).toContain('<svg');
    for (const path of ['assets/..%2Fphone.ts', 'assets/nope.js', 'faces/dragon/7cc6a4', 'faces/fox/red']) {
      expect((await headers(`/phone/${path}`)).status).toBe(404);
    }
  });

  it('serve every script that the phone’s scripts import', async () => {
    const seen = new Set<string>();
    const waiting = ['main.client.js'];
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      const { status, text } = await headers(`/phone/assets/${file}`);
      expect([file, status]).toEqual([file, 200]);
      for (const [, imported = ''] of text.matchAll(/from '\.\/([^']+)'/g)) waiting.push(imported);
    }
    expect([...seen]).toContain('phone-number.client.js');
  });

  it('name the service in the phone’s data', async () => {
    expect((await headers('/phone')).text).toContain('"serviceUrl":"http://localhost:4000"');
  });

  describe('that WxLogin.js embeds', () => {
    const embedded = { login_type: 'jssdk', response_type: '' };
    const qr = async (change: Record<string, string> = {}) => {
      const query = new URLSearchParams({
        appid: 'wx5a4db0c0de000002',
        scope: 'snsapi_login',
        redirect_uri: 'http://localhost:4000/cb',
        state: 's',
        login_type: 'jssdk',
        ...change,
      });
      return headers(`/connect/qrconnect?${query.toString()}`);
    };
    const classesOf = (text: string) => /<html [^>]*class="([^"]+)"/.exec(text)?.[1]?.split(' ');

    it('come from a script that the sandbox serves', async () => {
      const script = await headers('/connect/zh_CN/htmledition/js/wxLogin.js');
      expect(script.headers.get('content-type')).toContain('text/javascript');
      expect(script.text).toContain('window.WxLogin = function WxLogin(options)');
    });

    it('need no response_type, which the script does not send', async () => {
      expect((await qr()).text).toContain('js_qrcode_img');
      expect((await qr(embedded)).text).toContain('response_type 参数错误');
    });

    it('have the look that was asked for', async () => {
      const look = { stylelite: '1', color_scheme: 'dark', style: 'white' };
      expect(classesOf((await qr(look)).text)).toEqual([
        'theme_dark',
        'embedded',
        'style_white',
        'stylelite',
      ]);
      expect(classesOf((await qr()).text)).toEqual(['theme_light', 'embedded']);
      expect(classesOf((await qr({ color_scheme: 'auto' })).text)).toContain('theme_auto');
    });

    it('take a stylesheet of the site, but not the compact look, nor anything else than a stylesheet', async () => {
      const link = async (href: string, more: Record<string, string> = {}) =>
        /<link rel="stylesheet" nonce="[^"]+" href="([^"]*)"/.exec((await qr({ href, ...more })).text)?.[1];
      const css = `data:text/css;base64,${Buffer.from('.title{display:none}').toString('base64')}`;
      expect(await link(css)).toBe(css);
      expect(await link('https://shop.example.com/wx.css?a=1&b="2"')).toBe(
        'https://shop.example.com/wx.css?a=1&amp;b=&quot;2&quot;',
      );
      expect(await link(css, { stylelite: '1' })).toBeUndefined();
      expect(await link('javascript:alert(1)')).toBeUndefined();
      expect(await link('data:text/html;base64,PGI+')).toBeUndefined();
    });
  });
});
