import type { DataSourceOptions } from 'typeorm';

/**
 * More than there are different ones, so that no prepared statement is ever collected. Built against the headers of
 * Node 24.19 and later, better-sqlite3 12 ends the process when that happens outside of JavaScript
 * (nodejs/node#65446); its version 13 does not run on Node 20.
 */
const STATEMENTS = 5_000;

/** TypeORM's options for an SQLite file. */
export function sqliteOptions(path: string) {
  return {
    type: 'better-sqlite3',
    database: path,
    enableWAL: path !== ':memory:',
    prepareDatabase: prepare,
    statementCacheSize: STATEMENTS,
  } as const satisfies DataSourceOptions;
}

interface Connection {
  exec(source: string): unknown;
  pragma(source: string, options?: object): unknown;
}

/**
 * Runs before the first statement: deleted rows leave no traces, an acknowledged write survives a power cut.
 * No statement is made that would be collected (see STATEMENTS): the settings, TypeORM's too, run without one.
 */
function prepare(connection: Connection): void {
  const read = connection.pragma.bind(connection);
  connection.pragma = (source, options) =>
    source.includes('=') ? connection.exec(`PRAGMA ${source}`) : read(source, options);
  connection.pragma('secure_delete = ON');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
}
