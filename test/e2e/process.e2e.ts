import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { freePort } from '../harness/free-port.js';
import { processInPlaceOf, startProcess, untilReady } from '../harness/service-process.js';
import { World } from '../harness/world.js';

/** Node 20 collects, and keeps the pages; /proc says what they are. */
const GIVES_BACK = process.platform === 'linux' && parseInt(process.versions.node) >= 24;

describe('the service as a process', () => {
  let world: World;
  let environment: Readonly<Record<string, string>>;
  let url: string;
  beforeAll(async () => {
    world = await World.start();
    ({ url, environment } = await processInPlaceOf(world));
  });
  afterAll(() => world.stop());

  test('SIGTERM: what was accepted is answered, nothing new is accepted, the exit status is 0', async () => {
    const { child, ended } = startProcess(environment);
    await untilReady(url);
    const person = await world.person();
    await world.control('faults', { endpoint: '/sns/jscode2session', times: 1, delayMs: 1_500 });
    const login = world.loginWith(await world.wxLogin(person), {}, url);
    for (;;) {
      const { calls } = await world.control<{ calls: unknown[] }>('calls?endpoint=/sns/jscode2session');
      if (calls.length > 0) break;
    }
    child.kill('SIGTERM');
    expect((await login).status).toBe(200);
    expect(await ended).toBe(0);
    await expect(call(`${url}/health/live`)).rejects.toThrow();
  });

  test('when it has started and nobody asks, it gives memory back, and goes on', async () => {
    const { child, ended, output } = startProcess({ ...environment, LOG_LEVEL: 'debug' });
    await untilReady(url);
    const given = /\{[^\n]*"resident":(\d+)[^\n]*"msg":"memory was given back while the process is idle"\}/;
    while (!given.test(output())) await new Promise((resolve) => child.stdout?.once('data', resolve));
    const [, before] = given.exec(output()) ?? [];
    while (GIVES_BACK && residentBytes(child.pid) >= Number(before)) await setImmediate();
    expect((await world.loginWith(await world.wxLogin(await world.person()), {}, url)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('a faulty environment stops the start: a line per fault with the name, never the value', async () => {
    const { ended, output } = startProcess({
      PORT: 'not-a-port',
      DATABASE_URL: 'postgres://someone:hush@nowhere/db',
      ENCRYPTION_KEYS: 'c2hvcnQ=',
      SESSION_TTL: 'forever',
    });
    expect(await ended).toBe(1);
    for (const name of ['PORT', 'DATABASE_URL', 'ENCRYPTION_KEYS', 'SESSION_TTL'])
      expect(output()).toContain(`  ${name} must`);
    for (const value of ['not-a-port', 'hush', 'c2hvcnQ', 'forever']) expect(output()).not.toContain(value);
  });

  test('production refuses the sandbox and its secrets', async () => {
    const { ended, output } = startProcess({
      NODE_ENV: 'production',
      SANDBOX: 'on',
      WECHAT_MINI_PROGRAMS: 'wx5a4db0c0de000001:5a4db0c0de0000000000000000000001',
    });
    expect(await ended).toBe(1);
    expect(output()).toContain('SANDBOX must be off in production');
    expect(output()).toContain('WECHAT_MINI_PROGRAMS holds a secret of the sandbox');
    expect(output()).toContain('ENCRYPTION_KEYS must be set in production');
    expect(output()).not.toContain('5a4db0c0de0000000000000000000001');
  });

  test('two processes that start at once on one database share one signing key', async () => {
    if (world.backend.dialect === 'sqlite') {
      expect(await world.backend.rows('SELECT kid FROM signing_keys')).toHaveLength(1);
      return;
    }
    const ports = [await freePort(), await freePort()];
    const fresh = await World.start();
    await fresh.backend.write('DELETE FROM signing_keys');
    const processes = ports.map((port) =>
      startProcess({ ...environment, ...fresh.backend.environment, PORT: String(port) }),
    );
    await Promise.all(ports.map((port) => untilReady(`http://127.0.0.1:${port}`)));
    const [one, other] = await Promise.all(
      ports.map((port) => call(`http://127.0.0.1:${port}/.well-known/jwks.json`)),
    );
    expect(one?.text).toBe(other?.text);
    expect(await fresh.backend.rows('SELECT kid FROM signing_keys')).toHaveLength(1);
    for (const { child, ended } of processes) {
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    }
    await fresh.stop();
  });
});

function residentBytes(pid: number | undefined): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
