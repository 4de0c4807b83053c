import { MINI_PROGRAM } from './world.js';

/** Runs a statement on the test server. */
type Run = (sql: string) => Promise<unknown>;

/** An id in the format of UUIDv7 that sorts by its number. The first block identifies the table. */
const id = (block: string, number: string) =>
  `CONCAT('${block}-0000-7000-8000-', LPAD(LOWER(HEX(${number})), 12, '0'))`;
const LONG_AGO = "'2026-01-01 00:00:00.000'";
const FAR_AHEAD = "'2099-01-01 00:00:00.000'";

/**
 * Fills MariaDB with this many people, each with an identity, a unionid, a session and events, and with
 * background work that is not due. Half of the people have the same nickname.
 */
export async function fillWithCrowd(run: Run, people: number): Promise<void> {
  await run('SET SESSION foreign_key_checks = 0, unique_checks = 0');
  const from = `FROM seq_1_to_${people}`;
  await run(`INSERT INTO users (id, nickname, phone_number, status, created_at, updated_at, last_login_at)
    SELECT ${id('01900000', 'seq')}, IF(seq % 2, '用户', CONCAT('用户', seq)), CONCAT('+86139', LPAD(seq, 8, '0')),
      IF(seq % 1000, 'active', 'disabled'), ${LONG_AGO}, ${LONG_AGO}, ${LONG_AGO} ${from}`);
  await run(`INSERT INTO union_ids (union_id, user_id)
    SELECT CONCAT('crowd-union-', seq), ${id('01900000', 'seq')} ${from}`);
  await run(`INSERT INTO wechat_identities (id, user_id, app_id, app_kind, open_id, union_id, created_at, last_login_at)
    SELECT ${id('01910000', 'seq')}, ${id('01900000', 'seq')}, '${MINI_PROGRAM}', 'mini_program',
      CONCAT('crowd-', seq), CONCAT('crowd-union-', seq), ${LONG_AGO}, ${LONG_AGO} ${from}`);
  await run(`INSERT INTO sessions (id, identity_id, generation, created_at, last_used_at, expires_at, revoked_at)
    SELECT ${id('01920000', 'seq')}, ${id('01910000', 'seq')}, 1, ${LONG_AGO}, ${FAR_AHEAD}, ${FAR_AHEAD},
      IF(seq % 10, NULL, ${LONG_AGO}) ${from}`);
  await run(`INSERT INTO events (id, type, user_id, actor, ip, details, created_at)
    SELECT ${id('01930000', 'seq')}, IF(seq % 100, 'login.succeeded', 'user.created'), ${id('01900000', 'seq')}, 'user',
      '203.0.113.7', '{}', ${FAR_AHEAD} ${from}`);
  const work = `${from} WHERE seq % 20 = 0`;
  await run(`INSERT INTO webhook_deliveries (event_id, receiver, attempts, next_at, given_up_at, created_at)
    SELECT ${id('01930000', 'seq')}, 'receiver-that-is-dead', 11, ${FAR_AHEAD}, ${FAR_AHEAD}, ${FAR_AHEAD} ${work}`);
  await run(`INSERT INTO avatar_jobs (id, kind, user_id, url, replaces, attempts, next_at, created_at)
    SELECT ${id('01900000', 'seq')}, 'copy', ${id('01900000', 'seq')}, 'https://wx.qlogo.cn/x', 0, 1, ${FAR_AHEAD},
      ${LONG_AGO} ${work}`);
  await run(`INSERT INTO push_mailboxes (receiver, person, attempts, next_at)
    SELECT 'receiver-that-is-dead', CONCAT('crowd-', seq), 11, ${FAR_AHEAD} ${work}`);
  await run(`INSERT INTO relayed_pushes (id, receiver, person, push_key, tries, sealed, received_at)
    SELECT ${id('01940000', 'seq')}, 'receiver-that-is-dead', CONCAT('crowd-', seq), CONCAT('push-', seq), 3, 'x',
      ${FAR_AHEAD} ${work}`);
  await run('SET SESSION foreign_key_checks = 1, unique_checks = 1');
  for (const table of TABLES) await run(`ANALYZE TABLE ${table}`);
}

const TABLES = [
  'users',
  'union_ids',
  'wechat_identities',
  'sessions',
  'events',
  'webhook_deliveries',
  'avatar_jobs',
  'push_mailboxes',
  'relayed_pushes',
];

/**
 * Creates the history of a person who logs in often. @param events number of events, with ids before all
 * others
 */
export async function giveHistory(
  run: Run,
  { userId, identityId }: { readonly userId: string; readonly identityId: string },
  events: number,
): Promise<void> {
  // One event per minute, according to the ids.
  const minute = "LPAD(LOWER(HEX(1700000000000 + seq * 60000)), 12, '0')";
  const ids = `CONCAT(LEFT(${minute}, 8), '-', RIGHT(${minute}, 4), '-7000-8000-${userId.slice(-12)}')`;
  await run(`INSERT INTO events (id, type, user_id, actor, ip, details, created_at)
    SELECT ${ids}, 'login.succeeded', '${userId}', 'user', '203.0.113.7', '{}', ${FAR_AHEAD}
    FROM seq_1_to_${events}`);
  await run(`INSERT INTO sessions (id, identity_id, generation, created_at, last_used_at, expires_at, revoked_at,
      revoke_reason)
    SELECT ${ids}, '${identityId}', 1, ${LONG_AGO}, ${LONG_AGO}, ${FAR_AHEAD}, ${LONG_AGO}, 'logout'
    FROM seq_1_to_2000`);
}
