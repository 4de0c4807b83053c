import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import { withTimeout } from '../../src/common/with-timeout.js';
import { call } from '../harness/http.js';
import { EventStreamClient } from '../harness/event-stream-client.js';
import { listening } from '../harness/listening.js';
import { type Program, startProgram } from '../harness/program.js';
import { processInPlaceOf, startProcess, untilReady } from '../harness/service-process.js';
import { type Problem, World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null };

/** Tests that do not depend on the backend run once. */
const once = backend.databaseUrl === null ? test : test.skip;

/** Long enough for a request meanwhile. */
const DELAY = '3s';

describe('an instance that is told to stop', () => {
  let world: World;
  let environment: Readonly<Record<string, string>>;
  let url: string;
  let program: Program;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    ({ url, environment } = await processInPlaceOf(world));
  });
  afterEach(async () => {
    program.child.kill('SIGKILL');
    await program.ended;
  });

  const begin = async (more: Readonly<Record<string, string>> = {}): Promise<void> => {
    program = startProcess({ ...environment, ...more });
    await untilReady(url);
  };

  /** A login whose exchange at WeChat takes a while, and has begun when this resolves. */
  const slowLogin = async (delayMs: number): Promise<{ answer: ReturnType<World['loginWith']> }> => {
    await world.fault('/sns/jscode2session', { times: 1, delayMs });
    const before = await world.callsOf('/sns/jscode2session');
    const answer = world.loginWith(await world.wxLogin(await world.person()), {}, url);
    while ((await world.callsOf('/sns/jscode2session')) === before);
    return { answer };
  };

  test('says first that it is not ready and goes on accepting, then answers what it has, and ends with 0', async () => {
    await begin({ SHUTDOWN_DELAY: DELAY });
    const attempt = await world.attempt(new Browser(), {}, url);
    const stream = await EventStreamClient.open(`${url}/v1/web-qr-login/attempts/${attempt.id}/events`, {
      'x-attempt-secret': attempt.secret,
    });
    program.child.kill('SIGTERM');
    let ready = await call<Problem>(`${url}/health/ready`);
    while (ready.status === 200) ready = await call<Problem>(`${url}/health/ready`);
    expect(ready.body.code).toBe('SHUTTING_DOWN');
    // A second signal interrupts nothing.
    program.child.kill('SIGTERM');
    program.child.kill('SIGINT');
    const { answer } = await slowLogin(4_000);
    expect((await answer).status).toBe(200);
    expect(await program.ended).toBe(0);
    await stream.end();
    await expect(call(`${url}/health/live`)).rejects.toThrow();
    expect(program.output().match(/"stopping"/g)).toHaveLength(1);
  });

  once('answers each request of a kept connection, and tells its client to let go', async () => {
    await begin();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () =>
      new Promise<string | undefined>((resolve, reject) => {
        request(`${url}/health/live`, { agent }, (reply) => {
          reply.resume();
          reply.once('end', () => resolve(reply.headers.connection));
        })
          .once('error', reject)
          .end();
      });
    expect(await ask()).toBe('keep-alive');
    program.child.kill('SIGTERM');
    while ((await ask()) !== 'close');
    agent.destroy();
    expect(await program.ended).toBe(0);
  });

  test('is held up by no receiver of webhooks that is silent, and cuts no request off for it', async () => {
    const sockets = new Set<Socket>();
    const silent = await listening(
      createServer((socket) => {
        sockets.add(socket.on('error', () => undefined));
      }),
    );
    await begin({
      WEBHOOK_URLS: `${silent.url}/`,
      WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 3).toString('base64')}`,
    });
    await world.miniProgramLogin(await world.person(), url);
    while (sockets.size === 0) await new Promise((resolve) => setImmediate(resolve));
    const { answer } = await slowLogin(3_000);
    const toldAt = performance.now();
    program.child.kill('SIGTERM');
    expect((await answer).status).toBe(200);
    expect(await program.ended).toBe(0);
    expect(performance.now() - toldAt).toBeLessThan(10_000);
    await silent.close();
  });

  once('ends where nobody reads its log any more', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-log-'));
    const pidFile = join(folder, 'pid');
    // The reader of the pipe takes nothing, ever; `exec` makes the process that is told to stop the service itself.
    const service = `echo $$ > "${pidFile}"; exec "${process.execPath}" "${resolve('dist/main.js')}"`;
    program = startProgram(
      ['/bin/sh', '-c', `sh -c '${service}' | sleep 30 > /dev/null 2>&1`],
      process.cwd(),
      {
        ...environment,
        LOG_LEVEL: 'debug',
      },
    );
    await untilReady(url);
    // A pipe holds 64 kB, and each request is a line of more than 100 bytes.
    for (let round = 0; round < 60; round++) {
      await Promise.all(Array.from({ length: 20 }, () => call(`${url}/nowhere/${'x'.repeat(100)}`)));
    }
    const pid = Number(await readFile(pidFile, 'utf8'));
    process.kill(pid, 'SIGTERM');
    const gone = async () => {
      for (;;) {
        try {
          process.kill(pid, 0);
        } catch {
          return true;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    expect(await withTimeout(gone(), 10_000, () => new Error('it still runs'))).toBe(true);
    await rm(folder, { recursive: true, force: true });
  });
});
