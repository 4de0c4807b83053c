import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { freePort } from '../harness/free-port.js';
import { World } from '../harness/world.js';
import { NginxProcess } from './nginx-process.js';

/** What reached the API behind nginx. */
interface Seen {
  readonly userId: string | null;
  readonly sessionId: string | null;
}

describe('deploy/nginx/auth-request.conf', () => {
  let world: World;
  let api: Server;
  let nginx: NginxProcess;
  let url: string;

  beforeAll(async () => {
    world = await World.start();
    const [apiPort, port] = [await freePort(), await freePort()];
    api = createServer((request, response) => {
      const seen: Seen = {
        userId: header(request.headers['x-auth-user-id']),
        sessionId: header(request.headers['x-auth-session-id']),
      };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(seen));
    });
    await new Promise<void>((resolve) => api.listen(apiPort, '127.0.0.1', resolve));
    const locations = (await readFile('deploy/nginx/auth-request.conf', 'utf8'))
      .replaceAll('127.0.0.1:3000', new URL(world.url).host)
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${apiPort}`);
    nginx = await NginxProcess.start(
      (folder) =>
        `pid ${folder}/pid; error_log stderr; worker_processes 1;
         events {}
         http {
           access_log off;
           client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
           uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
           server { listen 127.0.0.1:${port}; ${locations} }
         }`,
    );
    url = `http://127.0.0.1:${port}/api/orders`;
    await nginx.untilListening(url);
  });
  afterAll(async () => {
    await nginx.stop();
    api.close();
    await world.stop();
  });

  test('a request with a good token reaches the API, which learns who it is from nginx alone', async () => {
    const { accessToken, user } = await world.miniProgramLogin(await world.person());
    const reply = await call<Seen>(url, {
      token: accessToken,
      headers: { 'x-auth-user-id': 'forged', 'x-auth-session-id': 'forged' },
    });
    expect(reply.status).toBe(200);
    expect(reply.body.userId).toBe(user.id);
    expect(reply.body.sessionId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a body goes to the API, not to the verification', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    const reply = await call<Seen>(url, { token: accessToken, json: { order: 'x'.repeat(100_000) } });
    expect(reply.status).toBe(200);
  });

  test('a preflight goes to the API, which alone knows who may call it; every other OPTIONS needs a token', async () => {
    const preflight = { origin: 'https://shop.example.com', 'access-control-request-method': 'POST' };
    const reply = await call<Seen>(url, {
      method: 'OPTIONS',
      headers: { ...preflight, 'x-auth-user-id': 'forged' },
    });
    expect(reply).toMatchObject({ status: 200, body: { userId: null, sessionId: null } });
    const { accessToken: token, user } = await world.miniProgramLogin(await world.person());
    const halves: Readonly<Record<string, string>>[] = [
      {},
      { origin: preflight.origin },
      { 'access-control-request-method': 'POST' },
    ];
    for (const headers of halves) {
      expect((await call(url, { method: 'OPTIONS', headers })).status).toBe(401);
    }
    expect((await call(url, { method: 'POST', headers: preflight })).status).toBe(401);
    expect((await call<Seen>(url, { method: 'OPTIONS', token })).body.userId).toBe(user.id);
  });

  test('without a token, with a wrong one and after a logout nothing reaches it', async () => {
    const { accessToken, refreshToken } = await world.miniProgramLogin(await world.person());
    expect((await call(url)).status).toBe(401);
    expect((await call(url, { token: `${accessToken}x` })).status).toBe(401);
    await call(`${world.url}/v1/auth/logout`, { json: { refreshToken } });
    expect((await call(url, { token: accessToken })).status).toBe(401);
  });
});

function header(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
