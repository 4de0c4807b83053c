import { Agent, createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import { attemptKey } from '../../src/attempt/attempt.js';
import { EphemeralStore } from '../../src/ephemeral/ephemeral-store.js';
import { EventStream } from '../../src/web-qr-login/attempts/event-stream.js';
import { LiveStatus } from '../../src/web-qr-login/attempts/live-status.js';
import { createStoreKeys, INSTANCES, type StoreKeys } from '../harness/backend.js';
import { Browser } from '../harness/browser.js';
import { EventStreamClient } from '../harness/event-stream-client.js';
import { call } from '../harness/http.js';
import { freePort } from '../harness/free-port.js';
import { type Service, startService } from '../harness/service.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { type AttemptReply, type Person, type Problem, SHOP, World } from '../harness/world.js';

/** Waits for a condition that takes milliseconds; the time-out allows for a busy machine. */
async function within(ms: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const waitersOf = ({ app }: Service): number => app.get(LiveStatus, { strict: false }).size;

const pathOf = ({ id }: AttemptReply): string => `/v1/web-qr-login/attempts/${id}/events`;

/** Follows an attempt from where no cookie is. */
function follow(
  url: string,
  attempt: AttemptReply,
  headers: Readonly<Record<string, string>> = {},
  agent?: Agent,
): Promise<EventStreamClient> {
  return EventStreamClient.open(
    url + pathOf(attempt),
    { 'x-attempt-secret': attempt.secret, ...headers },
    agent,
  );
}

/** The raw HTTP request for an attempt's events. */
function wire(attempt: AttemptReply): string {
  return `GET ${pathOf(attempt)} HTTP/1.1\r\nHost: a\r\nX-Attempt-Secret: ${attempt.secret}\r\n\r\n`;
}

async function connected(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

describe('the events of an attempt', () => {
  let world: World;
  let person: Person;
  let accessToken: string;
  beforeAll(async () => {
    world = await World.start();
    person = await world.person();
    ({ accessToken } = await world.miniProgramLogin(person));
  });
  afterAll(() => world.stop());

  const waiters = (): number => waitersOf(world.service());

  async function confirm(ticket: string): Promise<void> {
    const code = await world.wxLogin(person);
    expect((await world.scan(accessToken, ticket, 'confirm', { code })).status).toBe(200);
  }

  /** An attempt whose time takes longer than a stream's. */
  const long = (): Promise<AttemptReply> => world.attempt(new Browser(), { method: 'website' });

  describe('tell its browser', () => {
    test('the current status at once, each step as it happens, and then no more', async () => {
      const browser = new Browser();
      const attempt = await world.attempt(browser);
      const ticket = await world.ticketOf(attempt);
      const stream = await follow(world.url, attempt);
      expect(stream.response.statusCode).toBe(200);
      expect(await stream.next()).toEqual({ id: '0', event: 'status', data: { status: 'pending' } });
      expect(stream.retry).toBe(2000);

      const scannedAt = performance.now();
      await world.scan(accessToken, ticket);
      expect(await stream.next()).toEqual({ id: '1', event: 'status', data: { status: 'scanned' } });
      expect(performance.now() - scannedAt).toBeLessThan(1_000);

      await confirm(ticket);
      const { id, data } = await stream.next();
      expect({ id, ...data }).toEqual({
        id: '2',
        status: 'confirmed',
        loginCode: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      await stream.end();
      expect(stream.events).toHaveLength(3);
      expect(waiters()).toBe(0);
      expect((await world.redeem(browser, data.loginCode ?? null)).status).toBe(200);
    });

    test('that the person refuses', async () => {
      const attempt = await world.attempt(new Browser());
      const ticket = await world.ticketOf(attempt);
      const stream = await follow(world.url, attempt);
      await world.scan(accessToken, ticket);
      await world.scan(accessToken, ticket, 'deny');
      await stream.end();
      expect(stream.events.map(({ data }) => data.status)).toEqual(['pending', 'scanned', 'denied']);
    });

    test("that WeChat's page came back, with the loginCode of the redirect", async () => {
      const browser = new Browser();
      const attempt = await world.attempt(browser, { method: 'website' });
      const stream = await follow(world.url, attempt);
      const callback = await world.scanAndAllow(new URL(attempt.authorizeUrl ?? ''), person);
      const location = (await browser.visit(callback.href)).headers.get('location');
      await stream.end();
      expect(location).toContain(stream.events.at(-1)?.data.loginCode ?? 'no loginCode');
    });

    test('in all its tabs, of which the ninth takes the place of the first', async () => {
      const attempt = await world.attempt(new Browser());
      const ticket = await world.ticketOf(attempt);
      const streams: EventStreamClient[] = [];
      for (let tab = 0; tab < 9; tab++) {
        const stream = await follow(world.url, attempt);
        await stream.next();
        streams.push(stream);
      }
      await streams[0]?.end();
      expect(waiters()).toBe(8);
      await world.scan(accessToken, ticket);
      for (const stream of streams.slice(1)) expect((await stream.next()).data.status).toBe('scanned');
      streams.forEach((stream) => stream.vanish());
      await within(5_000, () => waiters() === 0);
    });

    test('by its cookie as well as by its secret, and tell it in a way that nothing on the way keeps', async () => {
      const begun = await call<AttemptReply>(`${world.url}/v1/web-qr-login/attempts`, {
        json: { method: 'mini-program' },
      });
      const cookie = begun.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
      const stream = await EventStreamClient.open(world.url + pathOf(begun.body), {
        cookie,
        origin: SHOP,
        'x-request-id': 'a-request-of-mine',
      });
      expect((await stream.next()).data).toEqual({ status: 'pending' });
      expect(stream.response.headers).toMatchObject({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        'x-request-id': 'a-request-of-mine',
        'access-control-allow-origin': SHOP,
        'access-control-allow-credentials': 'true',
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.any(String),
      });
      expect(stream.response.headers).not.toHaveProperty('content-length');
      expect(stream.response.headers).not.toHaveProperty('set-cookie');
      stream.vanish();
    });

    test('after a reconnect only the steps that it has missed, and the final status in any case', async () => {
      const attempt = await world.attempt(new Browser());
      const ticket = await world.ticketOf(attempt);
      await world.scan(accessToken, ticket);
      const came = async (lastEventId: string): Promise<EventStreamClient> =>
        follow(world.url, attempt, { 'last-event-id': lastEventId });
      const knows = await came('1');
      for (const other of ['0', '', 'x', '-1', '1e0', '99', '9'.repeat(400)]) {
        const stream = await came(other);
        expect((await stream.next()).data).toEqual({ status: 'scanned' });
        stream.vanish();
      }
      await confirm(ticket);
      await knows.end();
      expect(knows.events.map(({ id, data }) => `${id} ${data.status}`)).toEqual(['2 confirmed']);
      const again = await came('2');
      await again.end();
      expect(again.events).toEqual(knows.events);
    });

    test('of HEAD no more than the head', async () => {
      const attempt = await world.attempt(new Browser());
      const reply = await call(world.url + pathOf(attempt), {
        method: 'HEAD',
        headers: { 'x-attempt-secret': attempt.secret },
        patience: 5,
      });
      expect(reply.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(waiters()).toBe(0);
    });
  });

  describe('take the connection for themselves', () => {
    /** Everything that comes on a connection after a request, until it is closed. */
    async function everything(
      request: string,
    ): Promise<{ socket: Socket; text: () => string; closed: Promise<void> }> {
      const socket = await connected(world.url);
      let text = '';
      socket.setEncoding('utf8');
      socket.on('data', (part) => (text += part.toString()));
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.write(request);
      await within(5_000, () => text.includes('"pending"'));
      return { socket, text: () => text, closed };
    }

    async function refuse(attempt: AttemptReply): Promise<void> {
      const ticket = await world.ticketOf(attempt);
      await world.scan(accessToken, ticket);
      await world.scan(accessToken, ticket, 'deny');
    }

    const connections = (): Promise<number> =>
      new Promise((resolve, reject) => {
        world
          .service()
          .app.getHttpServer()
          .getConnections((error: Error | null, count: number) => (error ? reject(error) : resolve(count)));
      });

    test('and close it at their end, with the last chunk and without an answer to what else came', async () => {
      const attempt = await world.attempt(new Browser());
      const { socket, text, closed } = await everything(wire(attempt));
      socket.write('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
      await refuse(attempt);
      await closed;
      expect(text().match(/HTTP\/1\.1 /g)).toHaveLength(1);
      expect(text()).toMatch(/^connection: close\r$/im);
      expect(text()).toMatch(/\r\n0\r\n\r\n$/);
      const states = [...text().matchAll(/data: (\{.*\})/g)].map(
        ([, data]) => JSON.parse(data ?? '') as unknown,
      );
      expect(states).toEqual([{ status: 'pending' }, { status: 'scanned' }, { status: 'denied' }]);
    });

    test('without chunks where the client speaks HTTP/1.0', async () => {
      const attempt = await world.attempt(new Browser());
      const { text, closed } = await everything(wire(attempt).replace('HTTP/1.1', 'HTTP/1.0'));
      await refuse(attempt);
      await closed;
      const [head, body] = text().split('\r\n\r\n');
      expect(head).not.toMatch(/transfer-encoding/i);
      expect(body).toBe(
        'retry: 2000\n\n' +
          ['pending', 'scanned', 'denied']
            .map((status, id) => `id: ${id}\nevent: status\ndata: {"status":"${status}"}\n\n`)
            .join(''),
      );
    });

    test('which goes on counting for the listener, until a browser that says no more has been told the end', async () => {
      await within(5_000, () => waiters() === 0);
      const before = await connections();
      const attempt = await long();
      const { socket, closed } = await everything(wire(attempt));
      await within(5_000, async () => (await connections()) === before + 1);
      // A half-closed connection is one whose browser has gone.
      socket.end();
      await closed;
      await within(5_000, async () => waiters() === 0 && (await connections()) === before);
    });

    test('and have one line in the log, once they have ended, which says who ended them', async () => {
      const route = '/v1/web-qr-login/attempts/:id/events';
      const lines = (requestId: string): object[] =>
        world
          .service()
          .log()
          .split('\n')
          .filter((line) => line.includes(`"${requestId}"`) && line.includes(route))
          .map((line) => JSON.parse(line) as object);
      const [left, refused] = [await world.attempt(new Browser()), await world.attempt(new Browser())];
      const vanishes = await follow(world.url, left, { 'x-request-id': 'events-left' });
      const ends = await follow(world.url, refused, { 'x-request-id': 'events-ended' });
      await Promise.all([vanishes.next(), ends.next()]);
      expect([lines('events-left'), lines('events-ended')]).toEqual([[], []]);
      vanishes.vanish();
      await refuse(refused);
      await ends.end();
      await within(5_000, () => lines('events-left').length + lines('events-ended').length === 2);
      const line = { method: 'GET', route, status: 200, ms: expect.any(Number) };
      expect(lines('events-left')).toEqual([expect.objectContaining({ ...line, aborted: true })]);
      expect(lines('events-ended')).toEqual([expect.objectContaining(line)]);
      expect(lines('events-ended')[0]).not.toHaveProperty('aborted');
    });
  });

  describe('by the clock', () => {
    test('a heartbeat is sent every 15 seconds, whoever connects and disconnects', async () => {
      const streams = await Promise.all(
        Array.from({ length: 20 }, async () => follow(world.url, await long())),
      );
      await Promise.all(streams.map((stream) => stream.next()));
      streams.splice(5, 10).forEach((stream) => stream.vanish());
      for (let beat = 1; beat <= 3; beat++) {
        await world.pass(16);
        await Promise.all(streams.map((stream) => stream.until(() => stream.heartbeats >= beat)));
        expect(streams.every((stream) => stream.heartbeats >= beat && !stream.hasEnded)).toBe(true);
      }
      expect(streams.every((stream) => stream.heartbeats <= 4)).toBe(true);
      streams.forEach((stream) => stream.vanish());
      await within(5_000, () => waiters() === 0);
    });

    test('a stream ends after 5 minutes, and a new one continues it', async () => {
      const attempt = await long();
      const stream = await follow(world.url, attempt);
      await world.pass(290);
      await stream.until(() => stream.heartbeats > 0);
      expect(stream.hasEnded).toBe(false);
      await world.pass(11);
      await stream.end();
      expect(stream.events.map(({ data }) => data.status)).toEqual(['pending']);
      const next = await follow(world.url, attempt, { 'last-event-id': '0' });
      await world.pass(16);
      await next.until(() => next.heartbeats > 0);
      expect(next.events).toEqual([]);
      next.vanish();
    });

    test('the expiry is reported, also to a client that reconnects with the last id', async () => {
      const attempt = await world.attempt(new Browser());
      const stream = await follow(world.url, attempt);
      await world.pass(150);
      const later = await follow(world.url, attempt);
      await world.pass(151);
      await later.end();
      expect(later.events.map(({ data }) => data.status)).toEqual(['pending', 'expired']);
      await stream.end();
      expect(stream.events.at(-1)?.data.status).toBe('expired');
      const again = await follow(world.url, attempt, { 'last-event-id': '0' });
      await again.end();
      expect(again.events.map(({ data }) => data.status)).toEqual(['expired']);
    });

    test('a late scan prolongs what the browser waits for', async () => {
      const attempt = await world.attempt(new Browser());
      const ticket = await world.ticketOf(attempt);
      await world.pass(285);
      // The other instance has no state of the tests before.
      const { accessToken: fresh } = await world.miniProgramLogin(person);
      const stream = await follow(world.url, attempt);
      await world.scan(fresh, ticket);
      await world.pass(17);
      await stream.until(() => stream.heartbeats > 0);
      expect(stream.events.map(({ data }) => data.status)).toEqual(['pending', 'scanned']);
      await world.pass(45);
      await stream.end();
      expect(stream.events.at(-1)?.data.status).toBe('expired');
    });
  });

  test('end as expired once the store has lost the attempt, long before its own time is over', async () => {
    const [lost, kept] = [await long(), await long()];
    const streams = [await follow(world.url, lost), await follow(world.url, kept)] as const;
    await Promise.all(streams.map((stream) => stream.next()));
    await world
      .service()
      .app.get(EphemeralStore, { strict: false })
      .delete(`attempt:${attemptKey(lost.id)}`);
    await world.pass(16);
    const [expired, pending] = streams;
    await expired.end();
    expect(expired.events.map(({ id, data }) => `${id} ${data.status}`)).toEqual(['0 pending', '0 expired']);
    expect((await world.status(new Browser(), lost.id)).body.code).toBe('ATTEMPT_UNKNOWN');
    await pending.until(() => pending.heartbeats > 0);
    expect(pending.events.map(({ data }) => data.status)).toEqual(['pending']);
    pending.vanish();
    await within(5_000, () => waiters() === 0);
  });

  describe('cost nothing any more', () => {
    test('once the browser has vanished', async () => {
      const attempts = await Promise.all(Array.from({ length: 30 }, () => world.attempt(new Browser())));
      const streams = await Promise.all(attempts.map((attempt) => follow(world.url, attempt)));
      await within(5_000, () => waiters() === 30);
      expect((await call(`${world.url}/metrics`)).text).toContain('\nwechat_auth_waiters 30\n');
      streams.forEach((stream) => stream.vanish());
      await within(5_000, () => waiters() === 0);
      expect((await call(`${world.url}/metrics`)).text).toContain('\nwechat_auth_waiters 0\n');
    });

    test('where it vanishes in the moment in which it asks', async () => {
      const attempt = await world.attempt(new Browser());
      for (let wait = 0; wait < 40; wait++) {
        const socket = await connected(world.url);
        socket.write(wire(attempt));
        await new Promise((resolve) => setTimeout(resolve, wait % 8));
        socket.resetAndDestroy();
      }
      // Earlier requests have been answered by then.
      await world.status(new Browser(), attempt.id);
      await within(5_000, () => waiters() === 0);
    });

    test('where one connection asks for several at once, which no browser does', async () => {
      const attempts = await Promise.all(Array.from({ length: 4 }, () => world.attempt(new Browser())));
      const socket = await connected(world.url);
      socket.write(attempts.map(wire).join(''));
      await new Promise((resolve) => socket.once('data', resolve));
      await within(5_000, () => waiters() === 1);
      socket.destroy();
      await within(5_000, () => waiters() === 0);
    });

    test('where a browser stops reading: it is cut off', async () => {
      const gone: string[] = [];
      let open: (stream: EventStream) => void;
      const opened = new Promise<EventStream>((resolve) => (open = resolve));
      // A reply as Fastify passes it: the events of an attempt are too short to fill the buffer.
      const server = createServer((_request, raw: ServerResponse) => {
        const reply = { raw, hijack: () => undefined, getHeaders: () => ({}) } as unknown as FastifyReply;
        const stream = EventStream.open({ method: 'GET' }, reply);
        if (!stream) throw new Error('no stream');
        stream.onGone(() => gone.push('gone'));
        open(stream);
      });
      const port = await freePort();
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      const socket = await connected(`http://127.0.0.1:${port}`);
      socket.pause();
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const stream = await opened;
      for (let version = 0; version < 3_000 && gone.length === 0; version++) {
        stream.tell({ status: 'confirmed', loginCode: 'x'.repeat(8_192) }, version);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(gone).toEqual(['gone']);
      // Later events for it are dropped without an error.
      stream.tell({ status: 'expired' }, 1);
      stream.beat();
      stream.end();
      socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
  });

  test('end when the service stops, which they do not hold up', async () => {
    const service = await World.start();
    const agent = new Agent({ keepAlive: true });
    const attempts = await Promise.all(Array.from({ length: 50 }, () => service.attempt(new Browser())));
    const streams = await Promise.all(attempts.map((attempt) => follow(service.url, attempt, {}, agent)));
    await Promise.all(streams.map((stream) => stream.next()));
    const startedAt = performance.now();
    await service.stop();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    for (const stream of streams) await stream.end();
    agent.destroy();
  });
});

if (INSTANCES > 1) {
  describe('the events of an attempt, over two instances', () => {
    let world: World;
    beforeAll(async () => {
      world = await World.start({}, INSTANCES);
    });
    afterAll(() => world.stop());

    test('tell on one instance what happens on the other', async () => {
      const [here, there] = [world.service(0).url, world.service(1).url];
      const browser = new Browser();
      const attempt = await world.attempt(browser, {}, here);
      const ticket = await world.ticketOf(attempt);
      const streams = [await follow(here, attempt), await follow(there, attempt)];
      const person = await world.person();
      const { accessToken } = await world.miniProgramLogin(person, there);
      await world.scan(accessToken, ticket, 'open', {}, there);
      const code = await world.wxLogin(person);
      await world.scan(accessToken, ticket, 'confirm', { code }, there);
      for (const stream of streams) {
        await stream.end();
        expect(stream.events.map(({ data }) => data.status)).toEqual(['pending', 'scanned', 'confirmed']);
      }
      const loginCode = streams[0]?.events.at(-1)?.data.loginCode ?? null;
      expect((await world.redeem(browser, loginCode, {}, here)).status).toBe(200);
    });
  });

  describe('the events of an attempt, while Redis is away from the instance that tells them', () => {
    let keys: StoreKeys;
    let proxy: TcpProxy;
    let world: World;
    let other: Service;
    beforeAll(async () => {
      const created = createStoreKeys();
      if (!created) throw new Error('no Redis');
      keys = created;
      const url = new URL(keys.url);
      proxy = new TcpProxy({ host: url.hostname, port: Number(url.port || 6379) });
      url.port = String(await proxy.open());
      world = await World.start({ ...keys.environment, REDIS_URL: url.href });
      const { environment } = world.backend;
      const wechat = { WECHAT_API_URL: world.sandbox.url, WECHAT_OPEN_URL: world.sandbox.url };
      // Started last: it logs in for the whole file.
      other = await startService({ ...environment, ...wechat, ...keys.environment }, world.clock);
    });
    afterAll(async () => {
      await other.stop();
      await world.stop();
      await proxy.cut();
      await keys.drop();
    });

    test.each(['cut', 'hold'] as const)(
      'are late, not lost: polling says 503 meanwhile, and nothing hangs (%s)',
      async (outage) => {
        const attempt = await world.attempt(new Browser());
        const ticket = await world.ticketOf(attempt);
        const stream = await follow(world.url, attempt);
        expect((await stream.next()).data.status).toBe('pending');
        const person = await world.person();
        const { accessToken } = await world.miniProgramLogin(person, other.url);

        if (outage === 'cut') await proxy.cut();
        else proxy.hold(true);
        await world.scan(accessToken, ticket, 'open', {}, other.url);
        const code = await world.wxLogin(person);
        await world.scan(accessToken, ticket, 'confirm', { code }, other.url);
        const startedAt = performance.now();
        const refused = await Promise.all([
          call<Problem>(`${world.url}/v1/web-qr-login/attempts/${attempt.id}`),
          call<Problem>(`${world.url}${pathOf(attempt)}`),
          call<Problem>(`${world.url}/v1/web-qr-login/attempts`, { json: { method: 'mini-program' } }),
          call<Problem>(attempt.qrImageUrl ?? ''),
        ]);
        expect(performance.now() - startedAt).toBeLessThan(2_000);
        for (const { status, body, headers } of refused) {
          expect({ status, code: body.code }).toEqual({ status: 503, code: 'STORE_UNAVAILABLE' });
          expect(headers.get('retry-after')).toMatch(/^\d+$/);
        }
        expect({ events: stream.events.length, hasEnded: stream.hasEnded }).toEqual({
          events: 1,
          hasEnded: false,
        });

        if (outage === 'cut') await proxy.open();
        else proxy.hold(false);
        await stream.end();
        expect(stream.events.at(-1)?.data.status).toBe('confirmed');
        expect(waitersOf(world.service())).toBe(0);
      },
    );

    test('end as expired when Redis comes back empty', async () => {
      const attempt = await world.attempt(new Browser(), { method: 'website' });
      const stream = await follow(world.url, attempt);
      expect((await stream.next()).data.status).toBe('pending');
      await proxy.cut();
      await keys.age(24 * 60 * 60);
      await proxy.open();
      await stream.end();
      expect(stream.events.map(({ data }) => data.status)).toEqual(['pending', 'expired']);
      expect(waitersOf(world.service())).toBe(0);
    });

    test('cost nothing where the browser vanishes while the store is asked', async () => {
      const attempt = await world.attempt(new Browser());
      proxy.hold(true);
      const sockets = await Promise.all(Array.from({ length: 10 }, () => connected(world.url)));
      for (const socket of sockets) socket.write(wire(attempt));
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const socket of sockets) socket.resetAndDestroy();
      proxy.hold(false);
      await within(5_000, async () => (await call(`${world.url}/health/ready`)).status === 200);
      expect(waitersOf(world.service())).toBe(0);
      const stream = await follow(world.url, attempt);
      expect((await stream.next()).data.status).toBe('pending');
      stream.vanish();
      await within(5_000, () => waitersOf(world.service()) === 0);
    });
  });
}

test('one address follows so many attempts at a time, and others go on', async () => {
  const world = await World.start({ RATE_LIMITS: 'attempt-status=12', TRUSTED_PROXIES: '127.0.0.1' });
  const attempts = [await world.attempt(new Browser()), await world.attempt(new Browser())];
  const [attempt] = attempts as [AttemptReply, ...AttemptReply[]];
  const streams = await Promise.all(
    attempts.map((each, index) => follow(world.url, each, { 'x-forwarded-for': `2001:db8::${index}` })),
  );
  const headers = { 'x-attempt-secret': attempt.secret, 'x-forwarded-for': '2001:db8::ffff' };
  const refused = await call(world.url + pathOf(attempt), { headers });
  expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  const elsewhere = await follow(world.url, attempt, { 'x-forwarded-for': '2001:db8:0:1::1' });
  elsewhere.vanish();
  streams[1]?.vanish();
  await within(5_000, () => waitersOf(world.service()) === 1);
  (await follow(world.url, attempt, { 'x-forwarded-for': '2001:db8::ffff' })).vanish();
  streams[0]?.vanish();
  await world.stop();
});
