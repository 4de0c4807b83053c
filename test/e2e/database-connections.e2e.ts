import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { MariadbServer } from '../harness/mariadb-server.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { type TokenReply, World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null };

const POOL = 4;

// Starts its own server, so it does not depend on the backend of the run.
if (backend.databaseUrl !== null) {
  describe('connections to the database', () => {
    let server: MariadbServer;
    let proxy: TcpProxy;
    let world: World;

    beforeAll(async () => {
      server = await MariadbServer.start();
      // Even a read-only server accepts writes of users with all privileges.
      await server.rows("CREATE USER service@'%' IDENTIFIED BY 'secret'; GRANT ALL ON test.* TO service@'%'");
      proxy = new TcpProxy({ host: '127.0.0.1', port: server.port });
      const url = new URL(server.urlOf('service:secret'));
      url.port = String(await proxy.open());
      world = await World.start({ DATABASE_URL: url.href, DATABASE_POOL: String(POOL) });
    }, 60_000);
    afterAll(async () => {
      await world.stop();
      await proxy.cut();
      await server.stop();
    });

    const count = async (fromWhere: string) => {
      const [row] = await server.rows(`SELECT COUNT(*) AS n FROM ${fromWhere}`);
      return Number(row?.n);
    };
    const sessionsOf = (tokens: TokenReply) =>
      `sessions s JOIN wechat_identities i ON i.id = s.identity_id WHERE i.user_id = '${tokens.user.id}'`;
    const ids = async () => {
      const rows = await server.rows("SELECT id FROM information_schema.processlist WHERE user = 'service'");
      return rows.map(({ id }) => Number(id));
    };
    /** Opens the whole pool and leaves it idle. */
    const fill = (tokens: TokenReply) =>
      Promise.all(Array.from({ length: 3 * POOL }, () => world.refresh(tokens.refreshToken)));

    test('at most as many as DATABASE_POOL', async () => {
      const tokens = await world.miniProgramLogin(await world.person());
      await fill(tokens);
      const open = await ids();
      expect(open.length).toBeGreaterThan(1);
      expect(open.length).toBeLessThanOrEqual(POOL);
    });

    test('that a request has waited for do its work under its own id, not under that of the one before', async () => {
      const codes = await Promise.all(
        Array.from({ length: 5 * POOL }, async () => world.wxLogin(await world.person())),
      );
      const logins = await Promise.all(
        codes.map((code, n) =>
          call<TokenReply>(`${world.url}/v1/mini-program/login`, {
            json: { code },
            headers: { 'x-request-id': `waiter-${n}` },
          }),
        ),
      );
      const recorded = await server.rows(
        "SELECT DISTINCT user_id, request_id FROM events WHERE request_id LIKE 'waiter-%' ORDER BY user_id",
      );
      const own = logins.map(({ body }, n) => ({ user_id: body.user.id, request_id: `waiter-${n}` }));
      expect(recorded).toEqual(own.sort((one, other) => (one.user_id < other.user_id ? -1 : 1)));
    });

    test('those that turn out to be closed during a read cause no 503', async () => {
      const person = await world.person();
      const tokens = await world.miniProgramLogin(person);
      await fill(tokens);
      const code = await world.wxLogin(person);
      const open = (await ids()).length;
      expect(open).toBeGreaterThan(1);
      proxy.breakAt('', open - 1, false);
      expect((await world.loginWith(code)).status).toBe(200);
      expect(await count(sessionsOf(tokens))).toBe(2);
    });

    test('one that turns out to be closed during a write causes no 503', async () => {
      const person = await world.person();
      const tokens = await world.miniProgramLogin(person);
      proxy.breakAt('START TRANSACTION', 1, false);
      expect((await world.loginWith(await world.wxLogin(person))).status).toBe(200);
      // A new user needs a transaction of several statements.
      proxy.breakAt('START TRANSACTION', 1, false);
      await world.miniProgramLogin(await world.person());
      expect(await count(sessionsOf(tokens))).toBe(2);
    });

    test('those that the server has closed cause no 503', async () => {
      const person = await world.person();
      const tokens = await world.miniProgramLogin(person);
      await fill(tokens);
      for (const id of await ids()) await server.rows(`KILL ${id}`);
      expect((await world.refresh(tokens.refreshToken)).status).toBe(200);
      expect((await world.loginWith(await world.wxLogin(person))).status).toBe(200);
    });

    test('a write that was done while its answer got lost is done once, and answered as done', async () => {
      const person = await world.person();
      const tokens = await world.miniProgramLogin(person);
      const code = await world.wxLogin(person);
      proxy.breakAt('START TRANSACTION', 1, true);
      const login = await world.loginWith(code);
      expect(login.status).toBe(200);
      expect(await count(sessionsOf(tokens))).toBe(2);
      proxy.breakAt('START TRANSACTION', 1, true);
      const refreshed = await world.refresh(login.body.refreshToken);
      expect(refreshed.status).toBe(200);
      expect((await world.refresh(refreshed.body.refreshToken)).status).toBe(200);
      proxy.breakAt('START TRANSACTION', 1, true);
      const out = await call(`${world.url}/v1/auth/logout`, {
        json: { refreshToken: tokens.refreshToken },
      });
      expect(out.status).toBe(204);
      expect(await count(`${sessionsOf(tokens)} AND s.revoked_at IS NOT NULL`)).toBe(1);
      const ended = `events WHERE user_id = '${tokens.user.id}' AND type = 'session.ended'`;
      expect(await count(ended)).toBe(1);
    });

    test('one that breaks while the write waits for a lock: the answer is what the database holds', async () => {
      const person = await world.person();
      const tokens = await world.miniProgramLogin(person);
      const holder = await server.connect();
      for (const held of [300, 1_300]) {
        const before = await count(sessionsOf(tokens));
        const code = await world.wxLogin(person);
        await holder.query(
          `START TRANSACTION; SELECT id FROM users WHERE id = '${tokens.user.id}' FOR UPDATE`,
        );
        proxy.breakAt('START TRANSACTION', 1, true);
        const login = world.loginWith(code);
        setTimeout(() => void holder.query('ROLLBACK'), held);
        const { status } = await login;
        await holder.query('ROLLBACK');
        await nothingRuns(server);
        expect(await count(sessionsOf(tokens))).toBe(status === 200 ? before + 1 : before);
        expect([200, 503]).toContain(status);
      }
      await holder.end();
    });

    test('a server that has become read-only: 503, and none of its connections is used again', async () => {
      const person = await world.person();
      const tokens = await world.miniProgramLogin(person);
      await fill(tokens);
      const before = await ids();
      await server.rows('SET GLOBAL read_only = 1');
      const refused = await world.loginWith(await world.wxLogin(person));
      expect(refused.body).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503 });
      await server.rows('SET GLOBAL read_only = 0');
      await world.miniProgramLogin(person);
      const kept = (await ids()).filter((id) => before.includes(id));
      // Except those that background work was using at that moment.
      expect(kept.length).toBeLessThanOrEqual(2);
      expect(await count(sessionsOf(tokens))).toBe(2);
    });

    test('the server crashes and comes back: logins work again within 5 s', async () => {
      const person = await world.person();
      await world.miniProgramLogin(person);
      await server.crash();
      const away = await world.loginWith(await world.wxLogin(person));
      expect(away.body).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503 });
      await server.startAgain();
      const backAt = performance.now();
      while ((await world.loginWith(await world.wxLogin(person))).status !== 200) {
        expect(performance.now() - backAt).toBeLessThan(5_000);
      }
    });
  });
} else {
  test('connections to the database are tested where there is a database server', () => {
    expect(backend.databaseUrl).toBeNull();
  });
}

/** Waits until no statement of the service runs, and no transaction is open. */
async function nothingRuns(server: MariadbServer): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const [row] = await server.rows(
      `SELECT (SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'service' AND command <> 'Sleep')
       + (SELECT COUNT(*) FROM information_schema.innodb_trx) AS n`,
    );
    if (Number(row?.n) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  throw new Error('something still runs');
}
