import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCOUNT, Driver, SITE } from './driver.js';

describe('a page inside WeChat at the sandbox', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start();
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  async function authorize(change: Record<string, string> = {}, headers: Record<string, string> = {}) {
    const query = new URLSearchParams({
      appid: ACCOUNT.appid,
      redirect_uri: 'http://localhost:3000/cb',
      response_type: 'code',
      scope: 'snsapi_base',
      state: 's',
      ...change,
    });
    const url = `${driver.sandbox.url}/connect/oauth2/authorize?${query.toString()}`;
    const response = await fetch(url, { redirect: 'manual', headers });
    return {
      status: response.status,
      location: response.headers.get('location') ?? '',
      text: await response.text(),
    };
  }
  const exchange = (code: string) => driver.exchangeWebsite(code, ACCOUNT);
  const codeOf = (location: string) => new URL(location).searchParams.get('code') ?? '';

  it('learns the openid alone, silently, with snsapi_base', async () => {
    const { status, location } = await authorize({}, { cookie: 'x=1; sandbox_person=alice' });
    expect([status, new URL(location).searchParams.get('state')]).toEqual([302, 's']);
    const { json } = await exchange(codeOf(location));
    expect(Object.keys(json).sort()).toEqual([
      'access_token',
      'expires_in',
      'openid',
      'refresh_token',
      'scope',
    ]);
    const { access_token, openid } = json as Record<string, string>;
    const query = { access_token: access_token ?? '', openid: openid ?? '' };
    expect((await driver.get('/sns/userinfo', query)).json.errcode).toBe(48001);
  });

  it('prompts on the phone with snsapi_userinfo, and learns the unionid after Allow', async () => {
    const { location } = await authorize({ scope: 'snsapi_userinfo' });
    const uuid = /^\/phone\?uuid=(\w{16})$/.exec(location)?.[1] ?? '';
    expect((await driver.get('/control/qr')).json.logins).toEqual([]);
    await driver.control('scan', { uuid, person: 'alice' });
    const { redirectUrl } = await driver.control('allow', { uuid });
    const { json } = await exchange(codeOf(String(redirectUrl)));
    expect(json).toMatchObject({ scope: 'snsapi_userinfo', unionid: expect.any(String) });
  });

  it('gets a made-up openid and is_snapshotuser for a snapshot user', async () => {
    await driver.control('settings', { snapshotUser: true });
    const { location } = await authorize({ scope: 'snsapi_userinfo' });
    const snapshot = (await exchange(codeOf(location))).json;
    expect(snapshot.is_snapshotuser).toBe(1);
    const real = (await exchange(codeOf((await authorize()).location))).json;
    expect(snapshot.openid).not.toBe(real.openid);
  });

  it.each([
    [{ appid: '' }, '10012'],
    [{ appid: SITE.appid }, '10016'],
    [{ redirect_uri: '' }, '10011'],
    [{ redirect_uri: 'javascript:alert(1)' }, '10003'],
    [{ scope: '' }, '10010'],
    [{ scope: 'snsapi_login' }, '10005'],
  ])('answers %j with an error page and status 200', async (change, code) => {
    const { status, text } = await authorize(change);
    expect([status, text]).toEqual([200, expect.stringContaining(code)]);
  });

  it('is told to open WeChat in another browser where that is asked for', async () => {
    await driver.control('settings', { requireWeChatBrowser: true });
    expect((await authorize()).text).toContain('请在微信客户端打开链接');
    expect((await authorize({}, { 'user-agent': 'Mozilla/5.0 MicroMessenger/8.0' })).status).toBe(302);
  });
});
