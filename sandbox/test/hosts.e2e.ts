import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSandbox, type Sandbox } from '../src/sandbox.js';

describe('who may drive the sandbox', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    // No service: the default address may be that of one that runs on this computer.
    sandbox = createSandbox({ hosts: ['sandbox'], serviceUrl: 'http://127.0.0.1:9' });
    await sandbox.listen();
  });
  afterAll(() => sandbox.close());

  /** A request as a browser sends it: fetch would not let a test choose the host. */
  function send(headers: Record<string, string>, path = '/control/reset', method = 'POST'): Promise<number> {
    const { hostname, port } = new URL(sandbox.url);
    return new Promise((resolve, reject) => {
      request({ hostname, port, path, method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  }

  it.each([
    'localhost',
    'LOCALHOST:3001',
    'alice.wechat.localhost:3001',
    '127.0.0.1',
    '127.9.8.7:1',
    '[::1]:3001',
    'sandbox:3001',
  ])('at %s', async (host) => {
    expect(await send({ host }, '/control/people', 'GET')).toBe(host.includes('wechat') ? 502 : 200);
  });

  it.each([
    'evil.example',
    'localhost.evil.example:3001',
    'evil.example#localhost',
    'a@localhost',
    '0x7f.evil',
    '192.0.2.7',
    'sandbox.evil.example',
    ' ',
  ])('not at %s, whatever is asked for', async (host) => {
    for (const path of [
      '/control/people',
      '/phone',
      '/sns/jscode2session',
      '/connect/qrconnect',
      '/nothing',
    ]) {
      expect(await send({ host }, path, 'GET')).toBe(421);
    }
  });

  it.each<[string, Record<string, string>]>([
    ['of another origin', { origin: 'http://localhost:8080' }],
    ['of no origin', { origin: 'null' }],
    ['of another site, without an Origin', { 'sec-fetch-site': 'cross-site' }],
    ['of another port, without an Origin', { 'sec-fetch-site': 'same-site' }],
  ])('not a page %s', async (_, headers) => {
    expect(await send({ host: 'localhost:3001', ...headers })).toBe(403);
  });

  it('its own pages and programs do', async () => {
    expect(
      await send({
        host: 'localhost:3001',
        origin: 'http://localhost:3001',
        'sec-fetch-site': 'same-origin',
      }),
    ).toBeLessThan(300);
    expect(await send({ host: 'localhost:3001' })).toBeLessThan(300);
  });

  it('calls no server but the service: it cannot be moved to another host', async () => {
    const move = async (url: string) =>
      (
        await fetch(`${sandbox.url}/control/service`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ url }),
        })
      ).status;
    expect(await move('http://169.254.169.254')).toBe(400);
    expect(await move('http://intranet.example')).toBe(400);
    expect(await move('http://127.0.0.1:4000')).toBe(200);
  });

  it('takes a form where widely used clients send one', async () => {
    const form = new URLSearchParams({
      appid: 'wx5a4db0c0de000001',
      secret: '5a4db0c0de0000000000000000000001',
    });
    const post = async (path: string, extra: Record<string, string>): Promise<Record<string, unknown>> => {
      const body = new URLSearchParams({ ...Object.fromEntries(form), ...extra });
      const response = await fetch(`${sandbox.url}${path}`, { method: 'POST', body });
      return (await response.json()) as Record<string, unknown>;
    };
    const token = await post('/cgi-bin/token', { grant_type: 'client_credential' });
    expect(token).toMatchObject({ expires_in: 7200 });
    const bad = await post('/sns/jscode2session', { grant_type: 'authorization_code', js_code: 'x' });
    expect(bad.errcode).toBe(40029);
    expect((await post('/wxa/checksession', {})).errcode).toBe(43001);
  });

  it.each(['/cgi-bin/nothing', '/wxa/nothing?access_token=x'])(
    'answers 40066 to %s, in JSON',
    async (path) => {
      const response = await fetch(`${sandbox.url}${path}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json; encoding=utf-8');
      expect(await response.json()).toMatchObject({
        errcode: 40066,
        errmsg: expect.stringMatching(/^invalid url rid: /) as unknown,
      });
    },
  );
});
