import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { call } from '../harness/http.js';
import { MariadbServer } from '../harness/mariadb-server.js';
import { ADMIN_KEY, API_KEYS } from '../harness/operator.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { type Person, type TokenReply, World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null };

/** Fewer connections than concurrent writes: writers wait for a connection, and then for the lock. */
const POOL = 8;
/** information_schema.innodb_trx is cached unless it was not read for 0.1 s. */
const POLL_MS = 150;
/** Refusals arrive within 2 s; the machine may be busy with other tests. */
const REFUSED_MS = 3_000;

interface Somebody {
  readonly person: Person;
  readonly tokens: TokenReply;
}

/** One request, its answer, and what the database must contain if it was executed. */
interface Entry {
  readonly kind: string;
  readonly status: number;
  readonly code: string | undefined;
  readonly ms: number;
  /** SELECT of one row with `done`: 0 or 1. */
  readonly proof: string;
}

// Starts its own server, so it does not depend on the backend of the run.
if (backend.databaseUrl !== null) {
  describe('the database holds a write up', () => {
    let server: MariadbServer;
    let proxy: TcpProxy;
    let world: World;
    let holder: Connection;
    let other: Connection;

    beforeAll(async () => {
      server = await MariadbServer.start();
      [holder, other] = await Promise.all([server.connect(), server.connect()]);
      proxy = new TcpProxy({ host: '127.0.0.1', port: server.port });
      const url = new URL(server.url);
      url.port = String(await proxy.open());
      world = await World.start({ ...API_KEYS, DATABASE_URL: url.href, DATABASE_POOL: String(POOL) });
    }, 60_000);
    afterAll(async () => {
      await Promise.all([holder.end(), other.end()]);
      await world.stop();
      await proxy.cut();
      await server.stop();
    });

    const somebody = async (): Promise<Somebody> => {
      const person = await world.person();
      return { person, tokens: await world.miniProgramLogin(person) };
    };

    /** People, two for each kind of write, and the codes that their logins need. */
    const crowd = async () => {
      const people: Somebody[] = [];
      for (let index = 0; index < 10; index++) people.push(await somebody());
      const codes = await Promise.all(people.map(({ person }) => world.wxLogin(person)));
      return { people, codes };
    };

    const timed = async (
      kind: string,
      proof: string,
      asked: Promise<{ status: number; body: { code?: string } }>,
    ): Promise<Entry> => {
      const startedAt = performance.now();
      const { status, body } = await asked;
      return { kind, proof, status, code: body.code, ms: performance.now() - startedAt };
    };
    const done = (condition: string) => `SELECT COUNT(*) AS done FROM ${condition}`;

    /** All kinds of writes concurrently: each person makes one of them, and all log in again. */
    const askForAll = ({ people, codes }: Awaited<ReturnType<typeof crowd>>): Promise<Entry[]> =>
      Promise.all(
        people.flatMap(({ tokens }, index) => {
          const session = sessionOf(tokens);
          const user = tokens.user.id;
          const logins = `sessions s JOIN wechat_identities i ON i.id = s.identity_id
            WHERE i.user_id = '${user}' AND s.id <> '${session}'`;
          const others = [
            () =>
              timed(
                'refresh',
                done(`sessions WHERE id = '${session}' AND generation = 2`),
                world.refresh(tokens.refreshToken),
              ),
            () =>
              timed(
                'logout',
                done(`sessions WHERE id = '${session}' AND revoked_at IS NOT NULL`),
                call(`${world.url}/v1/auth/logout`, { json: { refreshToken: tokens.refreshToken } }),
              ),
            () =>
              timed(
                'rename',
                done(`users WHERE id = '${user}' AND nickname = 'renamed'`),
                call(`${world.url}/v1/users/me`, {
                  method: 'PATCH',
                  token: tokens.accessToken,
                  json: { nickname: 'renamed' },
                }),
              ),
            () =>
              timed(
                'deletion',
                `SELECT 1 - COUNT(*) AS done FROM users WHERE id = '${user}'`,
                call(`${world.url}/v1/users/me`, { method: 'DELETE', token: tokens.accessToken }),
              ),
            () =>
              timed(
                'disabling',
                done(`users WHERE id = '${user}' AND status = 'disabled'`),
                call(`${world.url}/v1/admin/users/${user}/disable`, {
                  method: 'POST',
                  headers: { 'x-api-key': ADMIN_KEY },
                }),
              ),
          ];
          const one = others[index % others.length];
          if (!one) throw new Error('unreachable');
          return [timed('login', done(logins), world.loginWith(codes[index])), one()];
        }),
      );

    /** At the end refused writes are absent and acknowledged ones present. */
    const balance = async (ledger: readonly Entry[]) => {
      await quiet();
      for (const { kind, status, proof } of ledger) {
        const [row] = await server.rows(proof);
        expect({ kind, status, done: Number(row?.done) }).toEqual({
          kind,
          status,
          done: status < 300 ? 1 : 0,
        });
      }
    };

    /** No statement of the service runs at the server any more, and it has no more connections than its pool. */
    const quiet = async () => {
      for (let attempt = 0; attempt < 50; attempt++) {
        const rows = await server.rows(
          `SELECT command, info FROM information_schema.processlist
           WHERE db = 'test' AND id NOT IN (CONNECTION_ID(), ${holder.threadId}, ${other.threadId})`,
        );
        const busy = rows.filter(({ command }) => command !== 'Sleep');
        const [open] = await server.rows('SELECT COUNT(*) AS n FROM information_schema.innodb_trx');
        if (busy.length === 0 && Number(open?.n) === 0 && rows.length <= POOL) return;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      throw new Error(
        `something still runs at the server, or its connections are too many: ${JSON.stringify(await server.rows('SHOW FULL PROCESSLIST'))}`,
      );
    };

    const refusedAll = (ledger: readonly Entry[]) => {
      for (const { kind, status, code, ms } of ledger) {
        expect({ kind, status, code }).toEqual({ kind, status: 503, code: 'DATABASE_UNAVAILABLE' });
        expect(ms).toBeLessThan(REFUSED_MS);
      }
    };

    test.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
      [
        'rows',
        () =>
          holder.query(
            'START TRANSACTION; SELECT id FROM users FOR UPDATE; SELECT id FROM sessions FOR UPDATE',
          ),
        () => holder.query('ROLLBACK'),
      ],
      [
        'tables',
        () => holder.query('LOCK TABLES users READ, sessions READ, events READ'),
        () => holder.query('UNLOCK TABLES'),
      ],
      ['all tables', () => holder.query('FLUSH TABLES WITH READ LOCK'), () => holder.query('UNLOCK TABLES')],
      [
        'the commits',
        () =>
          holder.query(
            'BACKUP STAGE START; BACKUP STAGE FLUSH; BACKUP STAGE BLOCK_DDL; BACKUP STAGE BLOCK_COMMIT',
          ),
        () => holder.query('BACKUP STAGE END'),
      ],
    ])('%s locked: 503 in time, and what was refused never becomes true', async (_, lock, unlock) => {
      const people = await crowd();
      await lock();
      const ledger = await askForAll(people).finally(unlock);
      refusedAll(ledger);
      await balance(ledger);
      await world.miniProgramLogin(await world.person());
    });

    test('a change of a table that waits: nothing queues behind it for long', async () => {
      const people = await crowd();
      await holder.query('START TRANSACTION; SELECT COUNT(*) FROM sessions');
      const change = other.query(
        'SET SESSION lock_wait_timeout = 60; ALTER TABLE sessions ADD COLUMN extra int NULL',
      );
      await untilWaiting(server);
      const ledger = await askForAll(people).finally(() => holder.query('ROLLBACK'));
      await change;
      await other.query('ALTER TABLE sessions DROP COLUMN extra');
      await balance(ledger);
      expect(ledger.filter(({ kind, status }) => kind === 'login' && status !== 503)).toEqual([]);
    });

    test('a stalled server continues a batch that its client has abandoned, and refuses the COMMIT', async () => {
      const { tokens } = await somebody();
      const user = tokens.user.id;
      await holder.query(`START TRANSACTION; SELECT id FROM users WHERE id = '${user}' FOR UPDATE`);
      const asked = timed(
        'rename',
        done(`users WHERE id = '${user}' AND nickname = 'renamed'`),
        call(`${world.url}/v1/users/me`, {
          method: 'PATCH',
          token: tokens.accessToken,
          json: { nickname: 'renamed' },
        }),
      );
      await untilWaiting(server);
      server.freeze();
      const entry = await asked;
      server.thaw();
      await holder.query('ROLLBACK');
      refusedAll([entry]);
      await balance([entry]);
    });

    test('a batch that arrives after its client has disconnected is not executed', async () => {
      const people = await crowd();
      proxy.keepBack('START TRANSACTION');
      const ledger = await askForAll(people);
      proxy.deliver();
      refusedAll(ledger);
      await balance(ledger);
      await world.miniProgramLogin(await world.person());
    });
  });
} else {
  test('what holds a write up is tested where there is a database server', () => {
    expect(backend.databaseUrl).toBeNull();
  });
}

function sessionOf({ accessToken }: TokenReply): string {
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as {
    sid: string;
  };
  return claims.sid;
}

/** Waits until a statement waits for a lock. */
async function untilWaiting(server: MariadbServer): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const [row] = await server.rows(
      `SELECT (SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT')
       + (SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for%lock') AS n`,
    );
    if (Number(row?.n) > 0) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error('nothing waits');
}
