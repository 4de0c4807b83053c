import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Driver, MINI } from './driver.js';

const ENDPOINT = '/sns/jscode2session';

describe('a planned fault', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start();
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  const plan = (fault: Record<string, unknown>) => driver.control('faults', { endpoint: ENDPOINT, ...fault });
  /** Exchanges a code: what came back, and whether the code is spent afterwards. */
  async function tryOut(timeoutMs = 5000): Promise<{ result: unknown; spent: boolean }> {
    const code = await driver.wxLogin();
    const query = { ...MINI, js_code: code, grant_type: 'authorization_code' };
    const result = await driver
      .get(ENDPOINT, query, { signal: AbortSignal.timeout(timeoutMs) })
      .catch((error: unknown) => (error as Error).name);
    await driver.send('DELETE', '/control/faults');
    return { result, spent: (await driver.exchange(code)).json.errcode === 40163 };
  }

  it('answers an errcode in the family’s form, without effect', async () => {
    await plan({ errcode: -1 });
    const { result, spent } = await tryOut();
    expect(result).toMatchObject({ status: 200, type: 'text/plain', json: { errcode: -1 } });
    expect(result).toMatchObject({ json: { errmsg: expect.stringMatching(/^system error, rid: /) } });
    expect(spent).toBe(false);
  });

  it('answers an errmsg as it is given', async () => {
    await plan({ errcode: 45011, errmsg: 'slow down' });
    expect((await tryOut()).result).toMatchObject({ json: { errcode: 45011, errmsg: 'slow down' } });
  });

  it('lasts for the next n calls of its endpoint only', async () => {
    await plan({ errcode: 40226, times: 2 });
    expect((await driver.get('/sns/auth')).json.errcode).toBe(41001);
    const codes = [];
    for (let call = 0; call < 3; call += 1) codes.push((await driver.exchange('x')).json.errcode);
    expect(codes).toEqual([40226, 40226, 40029]);
  });

  it('comes after the one that was planned before it', async () => {
    await plan({ errcode: -1 });
    await plan({ status: 502, body: 'bad gateway' });
    expect((await driver.exchange('x')).json.errcode).toBe(-1);
    expect((await driver.exchange('x')).status).toBe(502);
    expect((await driver.exchange('x')).json.errcode).toBe(40029);
  });

  it('replaces status, body and Content-Type', async () => {
    await plan({ status: 503, body: '<h1>busy</h1>' });
    expect(await driver.exchange('x')).toMatchObject({ status: 503, type: 'text/html; charset=utf-8' });
    await plan({ body: '{"openid":12}', contentType: 'application/json' });
    expect(await driver.exchange('x')).toMatchObject({
      status: 200,
      type: 'application/json',
      json: { openid: 12 },
    });
    const huge = 'x'.repeat(3_000_000);
    await plan({ body: huge });
    expect((await driver.exchange('x')).text.length).toBe(huge.length);
  });

  it('delays, and then the call goes its way', async () => {
    await plan({ delayMs: 120 });
    const before = Date.now();
    const { result, spent } = await tryOut();
    expect(Date.now() - before).toBeGreaterThanOrEqual(115);
    expect(result).toMatchObject({ json: { openid: expect.any(String) } });
    expect(spent).toBe(true);
  });

  it('hangs without effect', async () => {
    await plan({ hang: true });
    expect(await tryOut(150)).toEqual({ result: 'TimeoutError', spent: false });
  });

  it('hangs after the effect: the code is spent', async () => {
    await plan({ hang: true, afterEffect: true });
    expect(await tryOut(150)).toEqual({ result: 'TimeoutError', spent: true });
  });

  it('resets the connection without effect', async () => {
    await plan({ reset: true });
    expect(await tryOut()).toEqual({ result: 'TypeError', spent: false });
  });

  it('resets the connection after the effect: the code is spent', async () => {
    await plan({ reset: true, afterEffect: true });
    expect(await tryOut()).toEqual({ result: 'TypeError', spent: true });
  });

  it('replaces the answer after the effect: the code is spent', async () => {
    await plan({ status: 500, body: 'oops', afterEffect: true });
    const { result, spent } = await tryOut();
    expect(result).toMatchObject({ status: 500, text: 'oops' });
    expect(spent).toBe(true);
    await plan({ errcode: -1, afterEffect: true, delayMs: 5 });
    expect(await tryOut()).toMatchObject({ result: { json: { errcode: -1 } }, spent: true });
  });

  it('works on pages, pictures and polls too', async () => {
    await plan({ endpoint: '/connect/qrconnect', status: 500, body: 'down' });
    expect((await driver.qrPage()).status).toBe(500);
    await plan({ endpoint: '/connect/qrcode/:uuid', status: 404 });
    expect((await driver.get(`/connect/qrcode/${await driver.openQr()}`)).status).toBe(404);
    await plan({ endpoint: '/connect/l/qrconnect', body: "window.wx_errcode=500;window.wx_code='';" });
    expect((await driver.poll('x')).text).toContain('500');
  });

  it('is listed until it is used or taken back', async () => {
    await plan({ errcode: -1, times: 3 });
    await driver.exchange('x');
    expect((await driver.get('/control/faults')).json.planned).toMatchObject([
      { endpoint: ENDPOINT, times: 2 },
    ]);
    expect((await driver.send('DELETE', '/control/faults')).status).toBe(204);
    expect((await driver.exchange('x')).json.errcode).toBe(40029);
  });

  it.each([
    [{}, /Say what goes wrong/],
    [{ errcode: -1, hang: true }, /only one of/],
    [{ errcode: 'x' }, /"errcode" must be a number/],
    [{ errcode: -1, times: 0 }, /"times" must be a number ≥ 1/],
    [{ status: 700 }, /"status"/],
    [{ endpoint: '/sns/jscode2sesion', hang: true }, /is no endpoint of WeChat/],
    [{ endpoint: '/control/reset', hang: true }, /is no endpoint of WeChat/],
    [{ hangs: true }, /"hangs" is unknown here/],
  ])('is refused when it makes no sense: %j', async (fault, reason) => {
    const answer = await driver.send('POST', '/control/faults', { endpoint: ENDPOINT, ...fault });
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatch(reason);
  });
});
