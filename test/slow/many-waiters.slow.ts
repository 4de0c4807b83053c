import { execSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { processInPlaceOf, startProcess, untilReady } from '../harness/service-process.js';
import type { Program } from '../harness/program.js';
import { type AttemptReply, World } from '../harness/world.js';

declare const backend: { redisUrl: string | null };

/** Ten thousand in one process; with Redis enough of them to show the same behaviour. */
const WAITERS = backend.redisUrl === null ? 10_000 : 1_000;
const AT_ONCE = 100;
/** What this process and the service have open besides. */
const OTHER_FILES = 500;
const LIMIT = Number(execSync('ulimit -n', { shell: '/bin/sh' }).toString().trim());

/** A minimal waiting browser: ten thousand of them are in this process too. */
class Waiter {
  /** Everything that came. */
  text = '';
  hasEnded = false;

  private constructor(readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (text) => (this.text += text.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.hasEnded = true));
  }

  static async open(port: number, { id, secret }: AttemptReply): Promise<Waiter> {
    const socket = connect(port, '127.0.0.1');
    const waiter = new Waiter(socket);
    socket.write(
      `GET /v1/web-qr-login/attempts/${id}/events HTTP/1.1\r\nHost: a\r\nX-Attempt-Secret: ${secret}\r\n\r\n`,
    );
    await until(() => waiter.text.includes('"pending"'));
    return waiter;
  }
}

async function until(holds: () => boolean | Promise<boolean>, ms = 15_000): Promise<number> {
  const startedAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAt > ms) throw new Error(`not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - startedAt;
}

/** Does something so many times, some at once. */
async function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - results.length) }, (_, index) => index);
    const from = results.length;
    results.push(...(await Promise.all(batch.map((index) => work(from + index)))));
  }
  return results;
}

const canOpen = LIMIT >= WAITERS + OTHER_FILES;
const name = `${WAITERS} browsers that wait at one process`;

describe(
  canOpen ? name : `${name} (not tried: ulimit -n is ${LIMIT}, ${WAITERS + OTHER_FILES} are needed)`,
  () => {
    let world: World;
    let service: Program;
    let port: number;
    let url: string;
    beforeAll(async () => {
      world = await World.start();
      const plan = await processInPlaceOf(world, { LOG_LEVEL: 'error' });
      ({ port, url } = plan);
      service = startProcess(plan.environment);
      await untilReady(url);
    });
    afterAll(async () => {
      service.child.kill('SIGKILL');
      await service.ended;
      await world.stop();
    });

    async function metric(metric: string): Promise<number> {
      const { text } = await call(`${url}/metrics`);
      return Number(new RegExp(`^${metric} (\\S+)$`, 'm').exec(text)?.[1]);
    }

    (canOpen ? test : test.skip)(
      'are told at once, slow nothing down, and leave nothing behind',
      async () => {
        const files = await metric('process_open_fds');
        const attempts = await times(WAITERS, () => world.attempt(new Browser(), {}, url));
        const chosen = attempts[WAITERS / 2];
        if (!chosen) throw new Error('nobody waits');
        const ticket = await world.ticketOf(chosen);
        const waiters = await times(WAITERS, (index) => Waiter.open(port, attempts[index] ?? chosen));
        expect(await metric('wechat_auth_waiters')).toBe(WAITERS);

        const person = await world.person();
        const { accessToken } = await world.miniProgramLogin(person, url);
        await world.scan(accessToken, ticket, 'open', {}, url);
        const code = await world.wxLogin(person);
        const confirmed = await world.scan(accessToken, ticket, 'confirm', { code }, url);
        expect(confirmed.status).toBe(200);
        const told = waiters[WAITERS / 2];
        expect(await until(() => told?.text.includes('"loginCode"') ?? false)).toBeLessThan(1_000);
        const others = waiters.filter((waiter) => waiter !== told);
        expect(others.filter(({ text }) => /scanned|confirmed/.test(text))).toEqual([]);

        // Two turns of the timer that looks after all of them, at least.
        const answers: number[] = [];
        for (const startedAt = performance.now(); performance.now() - startedAt < 2_500;) {
          const askedAt = performance.now();
          expect((await call(`${url}/health/live`)).status).toBe(200);
          answers.push(performance.now() - askedAt);
        }
        answers.sort((a, b) => a - b);
        expect(answers[Math.floor(answers.length / 2)]).toBeLessThan(250);
        expect(answers.at(-1)).toBeLessThan(1_000);

        for (const { socket } of waiters) socket.destroy();
        await until(async () => (await metric('wechat_auth_waiters')) === 0);
        // Connections of other calls stay open for a while.
        await until(async () => (await metric('process_open_fds')) < files + 2 * AT_ONCE + 20);

        const last = await times(500, (index) => Waiter.open(port, attempts[index] ?? chosen));
        service.child.kill('SIGTERM');
        // For a second it accepts requests, and answers with Connection: close.
        expect(await until(() => last.every(({ hasEnded }) => hasEnded))).toBeLessThan(5_000);
        // A clean end: the last chunk of each stream arrived.
        expect(last.filter(({ text }) => !text.endsWith('0\r\n\r\n'))).toEqual([]);
        expect(await service.ended).toBe(0);
      },
    );
  },
);
