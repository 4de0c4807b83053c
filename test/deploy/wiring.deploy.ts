import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { SERVICE_KEY } from '../harness/operator.js';
import type { TokenReply } from '../harness/world.js';
import { People, Refusal } from './people.js';
import { type Passage, type Replica, Wiring } from './wiring.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

/** Several replicas need both. */
const canRun = backend.databaseUrl !== null && backend.redisUrl !== null;
if (!canRun) console.warn('not run: the wiring needs TEST_DATABASE_URL and TEST_REDIS_URL');

/** How many people do something at once. */
const CROWD = 12;

(canRun ? describe : describe.skip)('the wiring of docker-compose.yml', () => {
  let wiring: Wiring;
  let people: People;
  beforeAll(async () => {
    wiring = await Wiring.start();
    people = new People(wiring);
  });
  afterAll(() => wiring.stop());

  const verify = async ({ accessToken }: TokenReply) =>
    (await call(`${wiring.url}/v1/auth/verify`, { token: accessToken })).status;

  /** Invariant of the tables: everybody who has logged in is one user. */
  const expectOneUserEach = async () => {
    const twice = `SELECT union_id FROM wechat_identities GROUP BY union_id HAVING COUNT(DISTINCT user_id) > 1`;
    expect(await wiring.backend.rows(twice)).toEqual([]);
    const [counts] = await wiring.backend.rows(
      `SELECT (SELECT COUNT(*) FROM users) - (SELECT COUNT(*) FROM union_ids) AS surplus`,
    );
    expect(Number(counts?.surplus)).toBe(0);
  };

  /**
   * One after the other, new people log in at both doors at once, and refresh each session three times, until it is
   * over. Keeps the last tokens that each session got, and what went wrong.
   */
  const live = async (acknowledged: TokenReply[], failures: Error[], going: () => boolean) => {
    const note = (error: Error) => void failures.push(error);
    while (going()) {
      const person = await people.someone();
      const logins = [people.miniProgramLogin(person), people.websiteLogin(person)];
      const opened = await Promise.all(logins.map((login) => login.catch(note)));
      for (let last of opened.filter((tokens) => tokens !== undefined)) {
        for (let round = 0; round < 3; round++) {
          last = { ...last, ...(await people.refresh(last.refreshToken).catch(note)) };
        }
        acknowledged.push(last);
      }
    }
  };

  /** Runs a crowd before, while and after something is done to the replicas, until everybody has gone home. */
  const crowd = async (during: () => Promise<void>) => {
    const acknowledged: TokenReply[] = [];
    const failures: Error[] = [];
    let isOver = false;
    const lives = Array.from({ length: CROWD }, () => live(acknowledged, failures, () => !isOver));
    await sleep(1_000);
    await during();
    await sleep(500);
    isOver = true;
    await Promise.all(lives);
    return { acknowledged, failures };
  };

  /** What was answered with success is so on every replica: the access token is good, and the refresh token too. */
  const expectNothingLost = async (acknowledged: readonly TokenReply[]) => {
    expect(acknowledged.length).toBeGreaterThan(CROWD);
    for (const session of acknowledged) {
      expect(await verify(session)).toBe(200);
      await people.refresh(session.refreshToken);
    }
    await expectOneUserEach();
  };

  test('one person logs in from a mini program and on a website, and is one user on both replicas', async () => {
    const person = await people.someone();
    const first = await people.miniProgramLogin(person);
    const second = await people.websiteLogin(person);
    expect(second.user.id).toBe(first.user.id);
    for (const { url } of wiring.replicas) {
      const reply = await call(`${url}/v1/auth/verify`, { token: first.accessToken });
      expect(reply.headers.get('x-auth-user-id')).toBe(first.user.id);
    }
  });

  test('a browser that waits for a scan sees each step when it happens', async () => {
    const screen = await people.showQrCode(wiring.url);
    const events = await people.follow(screen, wiring.url);
    expect(await events.next()).toMatchObject({ status: 'pending' });
    await people.allow(screen, await people.someone());
    expect(await events.next()).toMatchObject({ status: 'confirmed' });
    events.close();
  });

  test('what a client claims about its address is not believed', async () => {
    const { accessToken } = await people.miniProgramLogin(await people.someone());
    const forged = {
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
      'x-real-ip': '203.0.113.9',
    };
    const code = await people.sandbox<{ code: string }>('wx-login', { person: (await people.someone()).id });
    const login = await call<TokenReply>(`${wiring.url}/v1/mini-program/login`, {
      json: code,
      headers: forged,
    });
    expect(login.status).toBe(200);
    const sessions = await call<{ items: { ip: string }[] }>(`${wiring.url}/v1/users/me/sessions`, {
      token: login.body.accessToken,
    });
    expect(sessions.body.items.map(({ ip }) => ip)).toEqual(['127.0.0.1']);
    expect(await verify({ accessToken } as TokenReply)).toBe(200);
  });

  test('what a program with a good key says of the address is, and with a wrong key it gains nothing', async () => {
    const login = async (key: string): Promise<{ status: number; token: string }> => {
      const { id: person } = await people.someone();
      const reply = await call<TokenReply>(`${wiring.url}/v1/mini-program/login`, {
        json: await people.sandbox<{ code: string }>('wx-login', { person }),
        headers: { 'x-api-key': key, 'x-forwarded-for': '203.0.113.9:51234' },
      });
      return { status: reply.status, token: reply.body.accessToken };
    };
    const { status, token } = await login(SERVICE_KEY);
    expect(status).toBe(200);
    const sessions = await call<{ items: { ip: string }[] }>(`${wiring.url}/v1/users/me/sessions`, { token });
    expect(sessions.body.items.map(({ ip }) => ip)).toEqual(['203.0.113.9']);
    expect((await login(`${SERVICE_KEY}x`)).status).toBe(401);
  });

  test('metrics stay inside, nginx tells no version, a body that is too large is told as the service tells it', async () => {
    for (const path of ['/metrics', '//metrics', '/%6Detrics', '/metrics/', '/x/../metrics']) {
      expect((await call(`${wiring.url}${path}`)).status).toBe(404);
    }
    const reply = await call<{ code: string }>(`${wiring.url}/v1/mini-program/login`, {
      body: 'x'.repeat(4 * 1024 * 1024),
    });
    expect(reply.status).toBe(413);
    expect(reply.body.code).toBe('PAYLOAD_TOO_LARGE');
    expect(reply.headers.get('server')).toBe('nginx');
  });

  test('a login by QR code that waits on a replica is finished by the other one when that is killed', async () => {
    const [victim] = wiring.replicas;
    const person = await people.someone();
    const screen = await people.showQrCode(victim.url);
    const cut = await people.follow(screen, victim.url);
    expect(await cut.next()).toMatchObject({ status: 'pending' });
    victim.program.child.kill('SIGKILL');
    await victim.program.ended;
    await expect(cut.next()).rejects.toThrow();

    // What EventSource does in the browser, now through nginx.
    const events = await people.follow(screen, wiring.url);
    expect(await events.next()).toMatchObject({ status: 'pending' });
    const loginCode = await people.allow(screen, person);
    expect(await events.next()).toMatchObject({ status: 'confirmed' });
    events.close();
    const tokens = await people.redeem(screen, loginCode);
    expect(await verify(tokens)).toBe(200);
    expect((await people.miniProgramLogin(person)).user.id).toBe(tokens.user.id);
    await wiring.restart(victim);
  });

  test('a replica that is killed takes nothing along, and is back when it is started again', async () => {
    const [victim] = wiring.replicas;
    const { acknowledged, failures } = await crowd(async () => {
      victim.program.child.kill('SIGKILL');
      await victim.program.ended;
      await sleep(1_000);
    });
    // Whoever is refused met the replica as it died: their request went there first. A code that it had sent to WeChat
    // is spent, and nobody can log in with it any more. All others have noticed nothing.
    const { host } = new URL(victim.url);
    const refused = failures.flatMap((error) => (error instanceof Refusal ? [error.requestId] : []));
    const passages = await wiring.passages((all) =>
      refused.every((id) => id === null || all.some(({ requestId }) => requestId === id)),
    );
    const metVictim = passages.filter(({ replicas }) => replicas.length > 1 && replicas[0] === host);
    expect(metVictim.length).toBeGreaterThan(0);
    const cutOff = new Set<string | null>(metVictim.map(({ requestId }) => requestId));
    const unexplained = failures.filter(
      (error) => !(error instanceof Refusal && cutOff.has(error.requestId)),
    );
    expect(unexplained).toEqual([]);
    await expectNothingLost(acknowledged);

    // And it is given work again.
    await wiring.restart(victim);
    await expectNothingLost(acknowledged);
    const isBack = (all: readonly Passage[]) =>
      all.slice(passages.length).some(({ replicas }) => replicas.length === 1 && replicas[0] === host);
    expect(isBack(await wiring.passages(isBack))).toBe(true);
  });

  test('replicas that are stopped and started one after the other under load fail no request', async () => {
    const roll = async (replica: Replica) => {
      replica.program.child.kill('SIGTERM');
      expect(await replica.program.ended).toBe(0);
      await wiring.restart(replica);
    };
    const before = (await wiring.passages()).length;
    const { acknowledged, failures } = await crowd(async () => {
      for (const replica of wiring.replicas) await roll(replica);
    });
    expect(failures).toEqual([]);
    const passages = (await wiring.passages()).slice(before);
    expect(passages.filter(({ status }) => status >= 500)).toEqual([]);
    await expectNothingLost(acknowledged);
  });
});

(canRun ? describe : describe.skip)('the wiring behind a proxy that TRUSTED_PROXIES names', () => {
  let wiring: Wiring;
  beforeAll(async () => {
    wiring = await Wiring.start('10.0.0.0/8,127.0.0.1');
  });
  afterAll(() => wiring.stop());

  test('the address is the one that the proxy saw, not what the client claimed before it', async () => {
    const people = new People(wiring);
    const { id } = await people.someone();
    const code = await people.sandbox<{ code: string }>('wx-login', { person: id });
    const login = await call<TokenReply>(`${wiring.url}/v1/mini-program/login`, {
      json: code,
      headers: { 'x-forwarded-for': '198.51.100.7, 203.0.113.9, 10.1.2.3' },
    });
    const sessions = await call<{ items: { ip: string }[] }>(`${wiring.url}/v1/users/me/sessions`, {
      token: login.body.accessToken,
    });
    expect(sessions.body.items.map(({ ip }) => ip)).toEqual(['203.0.113.9']);
  });
});
