import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Driver, type Json, MINI } from './driver.js';
import { ServiceStandIn } from './service-stand-in.js';

const TICKET = 'a-ticket.of-32~characters_______';
const SCAN = `/v1/mini-program/scans/${TICKET}`;
const SITE = { host: 'shop.example.com', name: 'Example Shop' };
const DEVICE = {
  browser: 'Chrome 156',
  os: 'macOS 26',
  ip: '203.0.113.7',
  requestedAt: '2026-11-21T04:03:00.000Z',
};

describe('the sample mini program of the sandbox', () => {
  let driver: Driver;
  let service: ServiceStandIn;
  let id: string;
  beforeAll(async () => {
    service = await ServiceStandIn.start();
    driver = await Driver.start();
    await driver.send('PUT', '/control/service', { url: service.url });
  });
  beforeEach(async () => {
    await driver.control('reset');
    service.reset();
    // What the service does with the code of wx.login, so that it is seen to be a good one.
    service.on('/v1/mini-program/login', (response, { body }) => {
      const { code } = JSON.parse(body) as { code: string };
      void driver.exchange(code).then(({ json }) => {
        const accessToken = `token of ${String(json.openid)}`;
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ accessToken }));
      });
    });
    service.onJson(SCAN, { status: 'scanned', site: SITE, device: DEVICE });
    service.onJson(`${SCAN}/confirm`, { status: 'confirmed' });
    service.onJson(`${SCAN}/deny`, { status: 'denied' });
    await driver.callWxa('/wxa/getwxacodeunlimit', { scene: TICKET });
    const { codes } = (await driver.get('/control/wxacodes', { scene: TICKET })).json;
    id = String((codes as Json[])[0]?.id);
  });
  afterAll(async () => {
    await driver.close();
    await service.stop();
  });

  const step = (action: string, person = 'alice') =>
    driver.send('POST', `/control/wxacodes/${id}/${action}`, { person });
  const openIdOf = async (person: string) => {
    const { json } = await driver.exchange(await driver.wxLogin(person));
    return String(json.openid);
  };

  it('is opened by a scan: it logs in by wx.login, and asks the service what wants to log in', async () => {
    const { status, json } = await step('scan');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      id,
      state: 'scanned',
      appName: '示例小程序 Demo Mini Program',
      site: SITE,
      device: DEVICE,
    });
    expect(service.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/mini-program/login',
      `POST ${SCAN}`,
    ]);
    const [login, scan] = service.asked;
    expect(JSON.parse(login?.body ?? '')).toMatchObject({ appId: MINI.appid });
    expect(scan?.headers.authorization).toBe(`Bearer token of ${await openIdOf('alice')}`);
    expect(scan?.headers['user-agent']).toMatch(/MicroMessenger.*MiniProgram/);
    expect(scan?.headers.referer).toMatch(`https://servicewechat.com/${MINI.appid}/`);
  });

  it('confirms with a fresh code of the same person, once they tap', async () => {
    await step('scan');
    expect((await step('confirm')).json.state).toBe('confirmed');
    const confirm = service.asked.at(-1);
    expect(confirm?.path).toBe(`${SCAN}/confirm`);
    const { code } = JSON.parse(confirm?.body ?? '') as { code: string };
    expect((await driver.exchange(code)).json.openid).toBe(await openIdOf('alice'));
    expect((await driver.get(`/control/wxacodes/${id}`)).json.state).toBe('confirmed');
  });

  it('denies without one', async () => {
    await step('scan');
    expect((await step('deny')).json.state).toBe('denied');
    expect(service.asked.at(-1)).toMatchObject({ path: `${SCAN}/deny`, body: '' });
  });

  it('keeps its token on the person’s phone, and logs in again when it is good no longer', async () => {
    await step('scan');
    await step('scan');
    await step('scan', 'laowang');
    const logins = () => service.asked.filter(({ path }) => path.endsWith('/login')).length;
    expect(logins()).toBe(2);
    service.on(SCAN, (response) => {
      service.onJson(SCAN, { status: 'scanned', device: DEVICE });
      response
        .writeHead(401, { 'content-type': 'application/problem+json' })
        .end('{"code":"SESSION_ENDED","detail":"x"}');
    });
    expect((await step('scan')).status).toBe(200);
    expect(logins()).toBe(3);
  });

  it.each([
    [404, 'SCAN_UNKNOWN', 'expired'],
    [409, 'SCAN_TAKEN', 'pending'],
    [503, 'STORE_UNAVAILABLE', 'pending'],
  ])('passes the service’s %i %s on', async (status, code, state) => {
    service.onJson(SCAN, { code, detail: 'The reason.' }, status);
    const answer = await step('scan');
    expect([answer.status, answer.json]).toEqual([status, { error: 'The reason.', code }]);
    expect((await driver.get(`/control/wxacodes/${id}`)).json.state).toBe(state);
  });

  it.each([
    ['no JSON', 200, 'hello'],
    ['an error page', 502, '<h1>bad gateway</h1>'],
    ['a redirect', 302, ''],
  ])('says so where the service answers %s', async (_case, status, body) => {
    service.on(SCAN, (response) => response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body));
    const answer = await step('scan');
    expect([answer.status, answer.json.code]).toEqual([502, 'SERVICE_ANSWER']);
  });

  it('says so where the service does not answer at all', async () => {
    await driver.send('PUT', '/control/service', { url: 'http://127.0.0.1:1' });
    const answer = await step('scan');
    expect([answer.status, answer.json.code]).toEqual([502, 'SERVICE_UNREACHABLE']);
    await driver.send('PUT', '/control/service', { url: service.url });
  });

  it('wants a code and a person that there are', async () => {
    expect((await step('scan', 'nobody')).status).toBe(404);
    expect((await driver.send('POST', '/control/wxacodes/none/scan', { person: 'alice' })).status).toBe(404);
    expect((await driver.send('POST', `/control/wxacodes/${id}/scan`, {})).status).toBe(400);
    expect(service.asked).toEqual([]);
  });
});

describe('the service that the sandbox belongs to', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start({
      serviceUrl: 'http://127.0.0.1:4000',
      servicePublicUrl: 'http://localhost:4000',
    });
  });
  afterAll(() => driver.close());

  it('is told at start, may move, and outlives a reset', async () => {
    const at = async () => (await driver.get('/control/service')).json;
    expect(await at()).toEqual({ url: 'http://127.0.0.1:4000', publicUrl: 'http://localhost:4000' });
    const moved = await driver.send('PUT', '/control/service', { url: 'http://127.0.0.1:5000/' });
    expect(moved.json).toEqual({ url: 'http://127.0.0.1:5000', publicUrl: 'http://127.0.0.1:5000' });
    await driver.control('reset');
    expect(await at()).toEqual(moved.json);
  });

  it.each([
    'ftp://x',
    'localhost:3000',
    'http://user@localhost',
    'http://localhost?x',
    'javascript:alert(1)',
  ])('is not %s', async (url) => {
    expect((await driver.send('PUT', '/control/service', { url })).status).toBe(400);
  });
});
