import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Driver, MINI, SITE } from './driver.js';

describe('a mini program login at the sandbox', () => {
  let driver: Driver;
  const now = 1_700_000_000_000;
  beforeAll(async () => {
    driver = await Driver.start({ clock: () => now });
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  it('answers openid, session_key and unionid as text/plain without charset, and no errcode', async () => {
    const answer = await driver.exchange(await driver.wxLogin());
    expect(answer.status).toBe(200);
    expect(answer.type).toBe('text/plain');
    expect(answer.json).toEqual({
      openid: expect.stringMatching(/^o[\w-]{27}$/),
      unionid: expect.stringMatching(/^o[\w-]{27}$/),
      session_key: expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/),
    });
  });

  it('leaves the unionid out for a person of an app that is not bound', async () => {
    const { json } = await driver.exchange(await driver.wxLogin('laowang'));
    expect(Object.keys(json).sort()).toEqual(['openid', 'session_key']);
  });

  it('gives the unionid once the app is bound later, under the same openid', async () => {
    const before = await driver.exchange(await driver.wxLogin('laowang'));
    await driver.send('PATCH', '/control/people/laowang', { withUnionId: true });
    const after = await driver.exchange(await driver.wxLogin('laowang'));
    expect(after.json.openid).toBe(before.json.openid);
    expect(after.json.unionid).toMatch(/^o[\w-]{27}$/);
  });

  it('makes codes of 32 alphanumerics that start with 0', async () => {
    expect(await driver.wxLogin()).toMatch(/^0[0-9A-Za-z]{31}$/);
  });

  it('takes a code once: the second time is 40163', async () => {
    const code = await driver.wxLogin();
    await driver.exchange(code);
    const { json, type, status } = await driver.exchange(code);
    expect([status, type, json.errcode]).toEqual([200, 'text/plain', 40163]);
    expect(json.errmsg).toMatch(/^code been used, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/);
  });

  it('answers one of two simultaneous exchanges only', async () => {
    const code = await driver.wxLogin();
    const answers = await Promise.all([1, 2, 3, 4].map(() => driver.exchange(code)));
    expect(answers.map(({ json }) => json.errcode ?? 0).sort()).toEqual([0, 40163, 40163, 40163]);
  });

  it('writes the time of its clock into the first group of the rid', async () => {
    const { json } = await driver.exchange('nonsense');
    expect(json.errmsg).toMatch(new RegExp(`rid: ${(now / 1000).toString(16)}-`));
  });

  it('checks in the documented order', async () => {
    const asked = async (query: Record<string, string>) =>
      (await driver.get('/sns/jscode2session', query)).json.errcode;
    expect(await asked({})).toBe(41002);
    expect(await asked({ appid: 'wxffffffffffffffff' })).toBe(40013);
    expect(await asked({ appid: SITE.appid, secret: SITE.secret })).toBe(40013);
    expect(await asked({ appid: MINI.appid })).toBe(41004);
    expect(await asked({ appid: MINI.appid, secret: 'wrong' })).toBe(40125);
    expect(await asked(MINI)).toBe(40002);
    expect(await asked({ ...MINI, grant_type: 'client_credential' })).toBe(40002);
    expect(await asked({ ...MINI, grant_type: 'authorization_code' })).toBe(41008);
    expect(await asked({ ...MINI, grant_type: 'authorization_code', js_code: 'x' })).toBe(40029);
  });

  it('answers 40029 for a code after five minutes by its clock', async () => {
    const code = await driver.wxLogin();
    await driver.control('clock', { advanceSeconds: 299 });
    const fresh = await driver.wxLogin();
    expect((await driver.exchange(code)).json.errcode).toBeUndefined();
    await driver.control('clock', { advanceSeconds: 300 });
    expect((await driver.exchange(fresh)).json.errcode).toBe(40029);
  });

  it('does not take a website code, nor spend it', async () => {
    const code = await driver.websiteCode();
    expect((await driver.exchange(code)).json.errcode).toBe(40029);
    expect((await driver.exchangeWebsite(code)).json.openid).toBeDefined();
  });

  it('answers 40226 for a blocked person', async () => {
    await driver.send('PATCH', '/control/people/alice', { blocked: true });
    expect((await driver.exchange(await driver.wxLogin('alice'))).json.errcode).toBe(40226);
  });

  it('reads no JSON of a POST, and answers unknown paths with an HTML 404', async () => {
    expect((await driver.send('POST', '/sns/jscode2session', {})).json.errcode).toBe(41002);
    const unknown = await driver.get('/sns/nowhere');
    expect([unknown.status, unknown.type]).toEqual([404, 'text/html']);
  });

  it('uses the first of repeated parameters and survives odd ones', async () => {
    const url = `${driver.sandbox.url}/sns/jscode2session?appid=${MINI.appid}&appid=x&__proto__=1&secret=%00%ff`;
    expect(await (await fetch(url)).json()).toMatchObject({ errcode: 40125 });
  });
});

describe('several mini programs at one sandbox', () => {
  it('give a person another openid each, and take no code of one another', async () => {
    const second = { appId: 'wx00000000000000b2', secret: 'b2'.repeat(16) };
    const driver = await Driver.start({
      apps: { miniPrograms: [{ appId: MINI.appid, secret: MINI.secret }, second] },
    });
    const code = await driver.wxLogin('alice', second.appId);
    expect((await driver.exchange(code)).json.errcode).toBe(40029);
    const there = await driver.exchange(code, { appid: second.appId, secret: second.secret });
    const here = await driver.exchange(await driver.wxLogin('alice'));
    expect(there.json.openid).not.toBe(here.json.openid);
    expect(there.json.unionid).toBe(here.json.unionid);
    await driver.close();
  });
});
