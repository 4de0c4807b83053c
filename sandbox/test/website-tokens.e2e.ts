import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Driver, MINI, SITE } from './driver.js';

describe('a website login at the sandbox', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start();
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  async function login(person = 'alice') {
    const { json } = await driver.exchangeWebsite(await driver.websiteCode(person));
    const { access_token, refresh_token, openid, unionid } = json as Record<string, string>;
    return {
      access_token: access_token ?? '',
      refresh_token: refresh_token ?? '',
      openid: openid ?? '',
      unionid,
    };
  }
  const wait = (advanceSeconds: number) => driver.control('clock', { advanceSeconds });
  const refresh = (query: Record<string, string>) =>
    driver.get('/sns/oauth2/refresh_token', { appid: SITE.appid, grant_type: 'refresh_token', ...query });

  it('turns a code into tokens, openid, scope and unionid', async () => {
    const { json, type } = await driver.exchangeWebsite(await driver.websiteCode('alice'));
    expect(type).toBe('text/plain');
    expect(json).toEqual({
      access_token: expect.stringMatching(/^59_[\w-]{107}$/),
      expires_in: 7200,
      refresh_token: expect.stringMatching(/^59_[\w-]{107}$/),
      openid: expect.stringMatching(/^o[\w-]{27}$/),
      scope: 'snsapi_login',
      unionid: expect.stringMatching(/^o[\w-]{27}$/),
    });
  });

  it('gives the same unionid as the mini program and another openid', async () => {
    const site = await login('xiaoming');
    const mini = await driver.exchange(await driver.wxLogin('xiaoming'));
    expect(mini.json.unionid).toBe(site.unionid);
    expect(mini.json.openid).not.toBe(site.openid);
  });

  it('takes a code once and within its life', async () => {
    const code = await driver.websiteCode();
    await driver.exchangeWebsite(code);
    expect((await driver.exchangeWebsite(code)).json.errcode).toBe(40163);
    const late = await driver.websiteCode();
    await wait(300);
    expect((await driver.exchangeWebsite(late)).json.errcode).toBe(40029);
  });

  it('is checked in the documented order', async () => {
    const asked = async (query: Record<string, string>) =>
      (await driver.get('/sns/oauth2/access_token', query)).json.errcode;
    expect(await asked({})).toBe(41002);
    expect(await asked(MINI)).toBe(40013);
    expect(await asked({ appid: SITE.appid })).toBe(41004);
    expect(await asked({ ...SITE, secret: 'x' })).toBe(40125);
    expect(await asked(SITE)).toBe(40002);
    expect(await asked({ ...SITE, grant_type: 'authorization_code' })).toBe(41008);
  });

  it('shows the profile in UTF-8 with emoji under text/plain, sex 0 and no region', async () => {
    const { access_token, openid } = await login('alice');
    const { json, type } = await driver.get('/sns/userinfo', { access_token, openid, lang: 'zh_CN' });
    expect(type).toBe('text/plain');
    expect(json).toMatchObject({ openid, nickname: 'Alice 🌸', sex: 0, city: '', province: '', country: '' });
    expect(json).toMatchObject({ privilege: [], unionid: expect.any(String) });
    expect(json.headimgurl).toMatch(/\/132$/);
  });

  it('serves the avatar as a JPEG until the picture changes', async () => {
    const { access_token, openid } = await login('alice');
    const { json } = await driver.get('/sns/userinfo', { access_token, openid });
    const picture = await fetch(String(json.headimgurl));
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    expect(Buffer.from(await picture.arrayBuffer()).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    await driver.send('PATCH', '/control/people/alice', { avatar: { face: 'fox', colour: '#112233' } });
    expect((await fetch(String(json.headimgurl))).status).toBe(404);
  });

  it('refuses a token that is missing, unknown, of another openid, or expired', async () => {
    const { access_token, openid } = await login();
    for (const path of ['/sns/auth', '/sns/userinfo']) {
      expect((await driver.get(path, { openid })).json.errcode).toBe(41001);
      const unknown = await driver.get(path, { access_token: 'x', openid });
      expect(unknown.json.errcode).toBe(40001);
      expect(unknown.json.errmsg).toMatch(/is invalid or not latest, rid: /);
      expect((await driver.get(path, { access_token, openid: 'oX' })).json.errcode).toBe(40003);
    }
    expect((await driver.get('/sns/auth', { access_token, openid })).json).toEqual({
      errcode: 0,
      errmsg: 'ok',
    });
    await wait(7200);
    expect((await driver.get('/sns/auth', { access_token, openid })).json.errcode).toBe(42001);
  });

  it('extends a living token and replaces an expired one, without secret and unionid', async () => {
    const { access_token, refresh_token, openid } = await login();
    await wait(7000);
    const extended = await refresh({ refresh_token });
    expect(extended.json).toEqual({
      access_token,
      expires_in: 7200,
      refresh_token,
      openid,
      scope: 'snsapi_login',
    });
    await wait(7000);
    expect((await driver.get('/sns/auth', { access_token, openid })).json.errcode).toBe(0);
    await wait(300);
    const replaced = await refresh({ refresh_token });
    expect(replaced.json.access_token).not.toBe(access_token);
    expect(replaced.json.refresh_token).toBe(refresh_token);
    expect((await driver.get('/sns/auth', { access_token, openid })).json.errcode).toBe(42001);
  });

  it('refuses a refresh token that is missing, unknown, or 30 days old', async () => {
    const { refresh_token } = await login();
    expect((await refresh({})).json.errcode).toBe(41003);
    expect((await refresh({ refresh_token: 'x' })).json.errcode).toBe(40030);
    expect((await refresh({ refresh_token, grant_type: 'x' })).json.errcode).toBe(40002);
    await wait(30 * 86_400);
    expect((await refresh({ refresh_token })).json.errcode).toBe(42002);
  });

  it('answers 50002 for a blocked person', async () => {
    const code = await driver.websiteCode('alice');
    await driver.send('PATCH', '/control/people/alice', { blocked: true });
    expect((await driver.exchangeWebsite(code)).json.errcode).toBe(50002);
  });
});
