// Migrates a database up or down and kills itself after a number of modifying statements:
// node migrations.mjs <DATABASE_URL> <up|down>. It reads the number from stdin before it begins, so that a
// test can preload the next process. It prints the last statement.
import { writeSync } from 'node:fs';
import { migrate, undoLastMigration } from '../../dist/database/migrations/migrate.js';

const [url, direction] = process.argv.slice(2);
let left = Infinity;

/** Runs a statement, and kills the process after the last one. */
function killing(run) {
  return async (sql, parameters = []) => {
    const result = await run(sql, parameters);
    if (!/^\s*(SELECT|SET|PRAGMA)\b/i.test(sql) && --left === 0) {
      writeSync(1, `killed after ${sql}\n`);
      process.kill(process.pid, 'SIGKILL');
    }
    return result;
  };
}

async function connectMysql() {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection(url);
  const run = async (sql, parameters) => (await connection.query(sql, parameters))[0];
  return { dialect: 'mysql', query: killing(run) };
}

async function openSqlite() {
  const { default: Sqlite } = await import('better-sqlite3');
  const file = new Sqlite(url.replace(/^sqlite:/, ''));
  file.pragma('journal_mode = WAL');
  file.pragma('foreign_keys = ON');
  const run = (sql, parameters) => {
    const statement = file.prepare(sql);
    return statement.reader ? statement.all(...parameters) : statement.run(...parameters);
  };
  return { dialect: 'sqlite', query: killing(run) };
}

const connection = await (url.startsWith('mysql:') ? connectMysql() : openSqlite());
process.stdin.once('data', async (line) => {
  left = Number(line.toString());
  if (direction === 'up') await migrate(connection);
  else while (await undoLastMigration(connection));
  writeSync(1, 'done\n');
  process.exit(0);
});
