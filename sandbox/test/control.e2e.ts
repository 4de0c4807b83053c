import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCOUNT, Driver, MINI, SITE } from './driver.js';

describe('the control API of the sandbox', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start();
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  it('has sample people, with and without unionid, whose ids survive a restart', async () => {
    const other = await Driver.start();
    const people = async (at: Driver) =>
      ((await at.get('/control/people')).json.people as Record<string, unknown>[]).map(
        ({ nickname, unionId, openIds }) => ({ nickname, unionId, openIds }),
      );
    expect(await people(driver)).toEqual(await people(other));
    expect((await people(driver)).map(({ nickname, unionId }) => [nickname, unionId !== null])).toEqual([
      ['小明', true],
      ['Alice 🌸', true],
      ['老王', false],
    ]);
    await other.close();
  });

  it('makes a person as described, and one out of nothing', async () => {
    const person = await driver.control('people', {
      nickname: 'Bob',
      avatarUrl: 'https://thirdwx.qlogo.cn/x/132',
      unionId: 'oUNION',
      openIds: { [MINI.appid]: 'oABC' },
    });
    expect(person).toMatchObject({
      nickname: 'Bob',
      unionId: 'oUNION',
      avatarUrl: 'https://thirdwx.qlogo.cn/x/132',
    });
    expect(Object.keys(person.openIds as object)).toEqual([MINI.appid, SITE.appid, ACCOUNT.appid]);
    const { json } = await driver.exchange(await driver.wxLogin(String(person.id)));
    expect(json).toMatchObject({ openid: 'oABC', unionid: 'oUNION' });
    expect(await driver.control('people')).toMatchObject({ id: expect.any(String), unionId: null });
  });

  it('changes a person: nickname, unionid, openid of one app', async () => {
    const patch = (body: unknown) => driver.send('PATCH', '/control/people/alice', body);
    const before = await patch({});
    const { json } = await patch({ nickname: '', unionId: 'oNEW', openIds: { [SITE.appid]: 'oS' } });
    expect(json).toMatchObject({ nickname: '', unionId: 'oNEW', openIds: { [SITE.appid]: 'oS' } });
    expect((json.openIds as Record<string, string>)[MINI.appid]).toBe(
      (before.json.openIds as Record<string, string>)[MINI.appid],
    );
    expect((await patch({ withUnionId: false })).json.unionId).toBeNull();
  });

  it('logs calls with endpoint, app and outcome, and nothing secret', async () => {
    const code = await driver.wxLogin();
    const { json } = await driver.exchange(code);
    await driver.exchange(code);
    const answer = await driver.get('/control/calls', { endpoint: '/sns/jscode2session' });
    expect(answer.json).toMatchObject({
      count: 2,
      calls: [
        { endpoint: '/sns/jscode2session', appId: MINI.appid, errcode: 0, status: 200, fault: null },
        { errcode: 40163 },
      ],
    });
    for (const secret of [code, MINI.secret, String(json.session_key), String(json.openid)]) {
      expect(answer.text).not.toContain(secret);
    }
    await driver.send('DELETE', '/control/calls');
    expect(await driver.calls('/sns/jscode2session')).toEqual([]);
  });

  it('names the app of calls that carry it in a body or by a token', async () => {
    await driver.send('POST', '/cgi-bin/stable_token', { appid: MINI.appid });
    const { json } = await driver.exchangeWebsite(await driver.websiteCode());
    await driver.get('/sns/auth', { access_token: String(json.access_token), openid: String(json.openid) });
    expect((await driver.calls('/cgi-bin/stable_token'))[0]?.appId).toBe(MINI.appid);
    expect((await driver.calls('/sns/auth'))[0]?.appId).toBe(SITE.appid);
  });

  it('logs a call that a fault swallowed', async () => {
    await driver.control('faults', { endpoint: '/sns/auth', reset: true });
    await driver.get('/sns/auth').catch(() => undefined);
    expect(await driver.calls('/sns/auth')).toMatchObject([{ status: null, errcode: null, fault: 'reset' }]);
  });

  it('forgets everything on reset', async () => {
    const code = await driver.wxLogin();
    await driver.control('people', { id: 'bob' });
    await driver.control('clock', { advanceSeconds: 99 });
    await driver.control('settings', { denyRedirects: true });
    await driver.control('reset');
    expect((await driver.exchange(code)).json.errcode).toBe(40029);
    expect((await driver.get('/control/clock')).json.offsetSeconds).toBe(0);
    expect((await driver.get('/control/settings')).json.denyRedirects).toBe(false);
    expect((await driver.get('/control/people')).text).not.toContain('"bob"');
  });

  it.each([
    ['POST', 'wx-login', {}, 400],
    ['POST', 'wx-login', { person: 'nobody' }, 404],
    ['POST', 'wx-login', { person: 'alice', appId: SITE.appid }, 404],
    ['POST', 'wx-login', { person: ['alice'] }, 400],
    ['POST', 'people', { nickname: 7 }, 400],
    ['POST', 'people', { id: 'alice' }, 409],
    ['POST', 'people', { id: '../x' }, 400],
    ['POST', 'people', { avatar: { face: 'dragon', colour: '#ffffff' } }, 400],
    ['POST', 'people', { avatar: { face: 'fox', colour: '"><script>' } }, 400],
    ['POST', 'people', { openIds: { a: 1 } }, 400],
    ['POST', 'people', [], 400],
    ['PATCH', 'people/nobody', { nickname: 'x' }, 404],
    ['POST', 'scan', { person: 'alice' }, 400],
    ['POST', 'scan', { uuid: 'nope', person: 'alice' }, 404],
    ['POST', 'scan', { url: 'https://example.com/', person: 'alice' }, 400],
    ['POST', 'allow', { uuid: 'nope' }, 404],
    ['POST', 'clock', { advanceSeconds: 'soon' }, 400],
    ['POST', 'settings', { denyRedirects: 'yes' }, 400],
    ['POST', 'settings', { qrSeconds: -1 }, 400],
    ['POST', 'settings', { unknown: true }, 400],
    ['GET', 'nothing', undefined, 404],
  ])('answers %s %s %j with { error } and %i', async (method, path, body, status) => {
    const answer = await driver.send(method, `/control/${path}`, body);
    expect([answer.status, typeof answer.json.error]).toEqual([status, 'string']);
  });

  it('takes no form or text that a page of another site could send', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const response = await fetch(`${driver.sandbox.url}/control/reset`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: '{}',
      });
      expect(response.status).toBe(415);
    }
    const foreign = { method: 'POST', headers: { origin: 'https://evil.test' } };
    expect((await driver.get('/control/reset', {}, foreign)).status).toBe(403);
    const broken = await fetch(`${driver.sandbox.url}/control/people`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"nickname":',
    });
    expect([broken.status, await broken.json()]).toEqual([400, { error: expect.any(String) }]);
  });
});
