import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Driver, MINI } from './driver.js';

/* What every endpoint of wxa/* has in common: it can be made to fail, and its calls are logged. */
describe.each([
  ['GET', '/wxa/checksession'],
  ['GET', '/wxa/resetusersessionkey'],
  ['POST', '/wxa/business/getuserphonenumber'],
  ['POST', '/wxa/getwxacodeunlimit'],
])('%s %s at the sandbox', (method, path) => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start();
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  /** A good call, and everything in it that no log may hold. */
  async function call() {
    const session = (await driver.exchange(await driver.wxLogin())).json;
    const [token, openid] = [await driver.appToken(), String(session.openid)];
    if (method === 'GET') {
      const signature = createHmac('sha256', String(session.session_key)).update('').digest('hex');
      const query = { access_token: token, openid, signature, sig_method: 'hmac_sha256' };
      const answer = await driver.get(path, query);
      return { answer, secrets: [token, openid, signature, String(session.session_key)] };
    }
    const { code } = await driver.control('phone-code', { person: 'xiaoming' });
    const answer = await driver.callWxa(path, { code, scene: 'secret-scene', openid }, token);
    return { answer, secrets: [token, openid, String(code), 'secret-scene'] };
  }

  it('logs its calls with app and outcome, and no token, code, key or openid', async () => {
    const { secrets } = await call();
    const log = await driver.get('/control/calls');
    expect(await driver.calls(path)).toEqual([
      {
        endpoint: path,
        method,
        at: expect.any(String),
        appId: MINI.appid,
        status: 200,
        errcode: 0,
        fault: null,
      },
    ]);
    for (const secret of secrets) expect(log.text).not.toContain(secret);
  });

  it('fails as it is told to, before or after its effect', async () => {
    await driver.control('faults', { endpoint: path, errcode: 45011 });
    const busy = (await call()).answer;
    expect([busy.status, busy.type, busy.json.errcode]).toEqual([
      200,
      'application/json; encoding=utf-8',
      45011,
    ]);
    expect(busy.json.errmsg).toMatch(/retry next minute rid: [0-9a-f-]{26}$/);
    await driver.control('faults', { endpoint: path, status: 502, body: 'bad', afterEffect: true });
    expect((await call()).answer).toMatchObject({ status: 502, text: 'bad' });
    await driver.control('faults', { endpoint: path, errcode: 40001, afterEffect: true });
    expect((await call()).answer).toMatchObject({ type: 'application/json; encoding=utf-8' });
    expect((await driver.calls(path)).map(({ fault }) => fault)).toEqual(['errcode', 'reply', 'errcode']);
  });

  it('takes no other method', async () => {
    const other = method === 'GET' ? 'POST' : 'GET';
    const { json } = await driver.send(other, path, other === 'POST' ? {} : undefined);
    expect(json.errcode).toBe(method === 'GET' ? 43001 : 43002);
  });
});
