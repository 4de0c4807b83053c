import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KeyRing } from '../../src/crypto/key-ring.js';
import { fillWithCrowd, giveHistory } from './crowd.js';
import { MariadbServer } from './mariadb-server.js';
import { MovableClock } from './movable-clock.js';
import { startService } from './service.js';
import { collapsed, sqlInSource } from './sql-in-source.js';
import { PushReceiver } from './push-receiver.js';
import { OLD_KEY, Tour, TOUR_SETTINGS } from './tour.js';
import { WebhookReceiver } from './webhook-receiver.js';
import { MINI_PROGRAM, World } from './world.js';

/**
 * Upper bound of the rows that a statement may read or sort, including temporary tables. Chunks and windows
 * have thousands.
 */
const MOST_ROWS = 10_000;
const SERVICE = 'service';
const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

/** Makes the server record the statements and the number of rows that each reads. */
const OPTIONS = [
  '--innodb-buffer-pool-size=1G',
  '--innodb-log-file-size=1G',
  '--innodb-flush-log-at-trx-commit=0',
  '--log-output=TABLE',
  '--performance-schema=ON',
  '--performance-schema-consumer-events-statements-current=ON',
  '--performance-schema-consumer-events-statements-history-long=ON',
  '--performance-schema-events-statements-history-long-size=20000',
];

/** One row of EXPLAIN. */
interface Plan {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly rows: number | string | null;
  readonly Extra: string | null;
}

/**
 * Tests that the cost of no statement grows with the number of people. It makes a tour through all routes and
 * jobs on a MariaDB with many people, and checks the server's count of rows and EXPLAIN for each statement.
 */
export function describeStatements(people: number): void {
  describe(`all statements, beside ${people.toLocaleString('en')} people`, () => {
    let server: MariadbServer;
    let world: World;
    let receiver: WebhookReceiver;
    let shops: PushReceiver[];
    /** One sample of each statement, as sent. */
    let sent: string[];

    beforeAll(async () => {
      server = await MariadbServer.start(OPTIONS);
      await server.rows(`CREATE USER ${SERVICE}@'%'; GRANT ALL ON test.* TO ${SERVICE}@'%'`);
      // Before any statement is prepared, otherwise the values are not logged.
      await server.rows('SET GLOBAL general_log = ON');
      const clock = new MovableClock();
      receiver = await WebhookReceiver.listen(SECRET, clock);
      shops = [await PushReceiver.listen(), await PushReceiver.listen()];
      // The first signing keys are created with the old key of ENCRYPTION_KEYS. The tour begins after its
      // rotation.
      const first = { ENCRYPTION_KEYS: OLD_KEY, DATABASE_URL: server.urlOf(SERVICE) };
      await (await startService(first, clock)).stop();
      world = await World.start(
        {
          ...TOUR_SETTINGS,
          DATABASE_URL: server.urlOf(SERVICE),
          WEBHOOK_URLS: receiver.url,
          WEBHOOK_SECRET: SECRET,
          WECHAT_PUSH_FORWARD: shops.map(({ url }) => `${MINI_PROGRAM}=${url}`).join(','),
        },
        1,
        {},
        clock,
      );
      const run = (sql: string) => server.rows(sql);
      await fillWithCrowd(run, people);
      // A value under the old key, so that the re-encryption has something to do.
      const id = '01910000-0000-7000-8000-000000000001';
      const old = new KeyRing([Buffer.from(OLD_KEY, 'base64')]);
      const sealed = old.seal('a session_key', `wechat_identities.session_key:${id}`);
      await run(`UPDATE wechat_identities SET session_key = '${sealed}' WHERE id = '${id}'`);
      await run('TRUNCATE performance_schema.events_statements_history_long');
      await run('TRUNCATE mysql.general_log');
      await new Tour(world, receiver, shops).go(async ({ user }) => {
        const [identity] = await run(`SELECT id FROM wechat_identities WHERE user_id = '${user.id}'`);
        await giveHistory(run, { userId: user.id, identityId: String(identity?.id) }, 2 * MOST_ROWS);
      });
      await run('SET GLOBAL general_log = OFF');
      sent = await statementsSent(server);
    }, 590_000);

    afterAll(async () => {
      await world.stop();
      await Promise.all([receiver, ...shops].map((each) => each.close()));
      await server.stop();
    }, 60_000);

    test('are known: the tour executes every statement in the source code', async () => {
      const texts = sent.map(collapsed);
      const unknown = (await sqlInSource()).filter((piece) => !texts.some((text) => piece.isIn(text)));
      expect(unknown.map(({ place, text }) => `${place} ${text}`)).toEqual([]);
      expect(sent.length).toBeGreaterThan(80);
    });

    test('read and sort few rows', async () => {
      // All statements except those of the test itself.
      const noted = `FROM performance_schema.events_statements_history_long
        WHERE current_schema = 'test' AND sql_text NOT LIKE '%seq_1_to_%'
        AND sql_text NOT LIKE '%general_log%'`;
      const many = await server.rows(
        `SELECT sql_text, rows_examined, sort_rows ${noted}
         AND (rows_examined > ${MOST_ROWS} OR sort_rows > ${MOST_ROWS})`,
      );
      expect(many).toEqual([]);
      const [all] = await server.rows(`SELECT COUNT(*) AS n ${noted} AND rows_examined > 0`);
      expect(Number(all?.n)).toBeGreaterThan(sent.length);
    });

    test('find their rows by an index', async () => {
      const faults: string[] = [];
      for (const sql of sent) {
        if (!/^\s*(SELECT|UPDATE|DELETE)\b/i.test(sql)) continue;
        const plan = (await server.rows(`EXPLAIN ${sql}`)) as unknown as Plan[];
        for (const { table, type, key, rows, Extra } of plan) {
          const isWhole = type === 'ALL' || type === 'index';
          if (!isWhole || Number(rows ?? 0) <= MOST_ROWS) continue;
          faults.push(`${table ?? ''} ${type} ${key ?? ''} ${rows ?? ''} ${Extra ?? ''}: ${sql}`);
        }
      }
      expect(faults).toEqual([]);
    });
  });
}

/** One sample of each statement that the service has sent, including values. */
async function statementsSent(server: MariadbServer): Promise<string[]> {
  const rows = await server.rows(
    `SELECT CONVERT(argument USING utf8mb4) AS sql_text FROM mysql.general_log
     WHERE command_type IN ('Query', 'Execute') AND user_host LIKE '%${SERVICE}[${SERVICE}]%' ORDER BY event_time`,
  );
  const byForm = new Map<string, string>();
  // A batch may be logged as one statement.
  const texts = rows.flatMap(({ sql_text: text }) => String(text).split(';\n'));
  for (const sql of texts) {
    const form = sql
      .replace(/'(?:[^'\\]|\\.|'')*'/g, '?')
      .replace(/\b\d+\b/g, '?')
      .replace(/\s+/g, ' ')
      .replace(/\?(?:, \?)+/g, '?')
      .replace(/\(\?\)(?:, \(\?\))+/g, '(?)');
    byForm.set(form, sql);
  }
  return [...byForm.values()];
}
