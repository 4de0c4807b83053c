/** People who have logged in to the mini program and on the website before, written to the tables and not logged in one by one. */
import { randomBytes } from 'node:crypto';
import { MINI_PROGRAM_ID, WEBSITE_ID } from './contestants.mjs';
import { keysOf } from './keys.mjs';
import { openId, rowId, unionId } from './people.mjs';

const ROWS_PER_INSERT = 2_000;

/** What follows from the identities of the mini program. */
const FOLLOWING = [
  `INSERT INTO users (id, nickname, avatar_key, avatar_source, status, created_at, updated_at, last_login_at)
   SELECT user_id, CONCAT('小明 ', CONVERT(RIGHT(open_id, 7) USING utf8mb4)), MD5(id), 'wechat', 'active',
     created_at, created_at, last_login_at
   FROM wechat_identities WHERE id = user_id`,
  'INSERT INTO union_ids (union_id, user_id) SELECT union_id, user_id FROM wechat_identities WHERE id = user_id',
  `INSERT INTO sessions (id, identity_id, generation, device, ip, created_at, last_used_at, expires_at)
   SELECT id, id, 1, 'bench', '127.0.0.1', last_login_at, last_login_at, last_login_at + INTERVAL 90 DAY
   FROM wechat_identities WHERE id = user_id`,
  `INSERT INTO events (id, type, user_id, actor, ip, request_id, details, created_at)
   SELECT id, 'login.succeeded', user_id, 'user', '127.0.0.1', id,
     CONCAT('{"appId":"', CONVERT(app_id USING utf8mb4), '","channel":"', app_kind, '","sessionId":"',
       CONVERT(id USING utf8mb4), '"}'), last_login_at
   FROM wechat_identities WHERE id = user_id`,
];

/**
 * Fills the tables of a database that the service has migrated: per person a user with a picture, a UnionID, an
 * identity of the mini program with a sealed session_key, one of the website with a sealed refresh_token, a session of
 * the former of generation 1, and an event. The ids are `rowId(person)`.
 * @param database its URL
 * @param key ENCRYPTION_KEYS
 */
export async function populate(tables, database, people, key) {
  const { seal } = keysOf(key);
  const connection = await tables.connect(database);
  const at = new Date(Date.now() - 24 * 3_600_000).toISOString().replace('T', ' ').slice(0, 23);
  const sealed = (column, id) =>
    seal(randomBytes(24).toString('base64'), `wechat_identities.${column}:${id}`);
  const ofMiniProgram = (person) => {
    const id = rowId(person);
    const keyAndToken = [sealed('session_key', id), at, null];
    return [id, id, MINI_PROGRAM_ID, 'mini_program', openId(MINI_PROGRAM_ID, person), ...keyAndToken];
  };
  const ofWebsite = (person) => {
    const id = rowId(person, 1);
    const keyAndToken = [null, null, sealed('refresh_token', id)];
    return [id, rowId(person), WEBSITE_ID, 'website', openId(WEBSITE_ID, person), ...keyAndToken];
  };
  try {
    await connection.query('SET FOREIGN_KEY_CHECKS = 0, UNIQUE_CHECKS = 0');
    for (const identity of [ofMiniProgram, ofWebsite]) {
      for (let from = 0; from < people; from += ROWS_PER_INSERT) {
        const rows = Array.from({ length: Math.min(ROWS_PER_INSERT, people - from) }, (_, index) =>
          row([...identity(from + index), unionId(from + index), at, at]),
        );
        await connection.query(
          `INSERT INTO wechat_identities
             (id, user_id, app_id, app_kind, open_id, session_key, session_key_at, refresh_token, union_id, created_at, last_login_at)
           VALUES ${rows.join()}`,
        );
      }
    }
    for (const statement of FOLLOWING) await connection.query(statement);
    await connection.query('ANALYZE TABLE users, union_ids, wechat_identities, sessions, events');
  } finally {
    connection.destroy();
  }
}

/** Without the driver's escaping, which takes most of the time for a million; these values need none. */
function row(values) {
  return `(${values.map((value) => (value === null ? 'NULL' : `'${value}'`)).join()})`;
}
