import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { Redis } from 'ioredis';

/** Tables with rows of a returning user. */
const PEOPLE = ['users', 'union_ids', 'wechat_identities'];

/** The databases of one run, one for each contestant with storage, and its part of Redis. */
export class Tables {
  /** @param isOwn the servers end with the run: nothing has to be cleared */
  static async open({ databaseUrl, redisUrl, isOwn }) {
    const connection = await createConnection({ uri: databaseUrl, multipleStatements: true, timezone: 'Z' });
    const redis = new Redis(redisUrl, { maxRetriesPerRequest: 1, lazyConnect: true });
    await redis.connect();
    if ((await redis.dbsize()) > 0) {
      throw new Error(
        `${redisUrl} is not empty, and the run would empty it: set BENCH_REDIS_URL, or empty it yourself`,
      );
    }
    return new Tables(databaseUrl, connection, redis, isOwn);
  }

  constructor(databaseUrl, connection, redis, isOwn) {
    this.isOwn = isOwn;
    this.databaseUrl = databaseUrl;
    this.connection = connection;
    this.redis = redis;
    this.names = [];
  }

  /** @returns the URL of a new, empty database */
  async create(contestant) {
    const name = `wechat_auth_bench_${process.pid}_${contestant.replaceAll('-', '_')}`;
    await this.connection.query(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
    this.names.push(name);
    const url = new URL(this.databaseUrl);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** @returns a connection of its own to a database, which the caller destroys */
  async connect(database) {
    return createConnection({ uri: database, timezone: 'Z' });
  }

  /** Data and indexes of a database. @returns MB */
  async megabytes(database) {
    const [[{ bytes }]] = await this.connection.query(
      `SELECT SUM(data_length + index_length) AS bytes FROM information_schema.tables WHERE table_schema = ?`,
      [nameOf(database)],
    );
    return Number(bytes) / 2 ** 20;
  }

  /** Changes the buffer pool while the server runs, and waits until it has the new size. @param megabytes of it */
  async resizeBufferPool(megabytes) {
    await this.connection.query('SET GLOBAL innodb_buffer_pool_size = ?', [megabytes * 2 ** 20]);
    for (;;) {
      const [[{ Value: status }]] = await this.connection.query(
        "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_resize_status'",
      );
      if (status === '' || /completed|finished/i.test(status)) return;
      await sleep(200);
    }
  }

  /** Drops the databases of this run, and empties its Redis database. */
  async close() {
    if (!this.isOwn) {
      for (const name of this.names) await this.connection.query(`DROP DATABASE \`${name}\``);
      await this.redis.flushdb();
    }
    this.connection.destroy();
    this.redis.disconnect();
  }

  /** Marks all pictures as copied, as for a returning user. */
  async settlePictures(database) {
    await this.connection.query(
      `UPDATE ${quoted(database)}.users SET avatar_key = LEFT(SHA1(id), 32), avatar_source = 'wechat';
       DELETE FROM ${quoted(database)}.avatar_jobs`,
    );
  }

  /** Creates the same tables with the same keys, and inserts the same users. */
  async copy(from, to) {
    const [tables] = await this.connection.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ?`,
      [nameOf(from)],
    );
    await this.connection.query('SET FOREIGN_KEY_CHECKS = 0');
    for (const { name } of tables) {
      const [[made]] = await this.connection.query(`SHOW CREATE TABLE ${quoted(from)}.\`${name}\``);
      await this.connection.query(`USE ${quoted(to)}; ${made['Create Table']}`);
    }
    await this.connection.query('SET FOREIGN_KEY_CHECKS = 1');
    for (const table of PEOPLE) {
      await this.connection.query(
        `INSERT INTO ${quoted(to)}.${table} SELECT * FROM ${quoted(from)}.${table}`,
      );
    }
  }

  /** All rows of the tables that a login writes. */
  async rows(database) {
    const rows = {};
    for (const table of ['users', 'wechat_identities', 'sessions', 'events', 'avatar_jobs']) {
      [rows[table]] = await this.connection.query(`SELECT * FROM ${quoted(database)}.${table} ORDER BY id`);
    }
    return rows;
  }

  /** @returns `{ database, flush, bufferPoolMb, redis }` */
  async serverVersion() {
    const [[row]] = await this.connection.query(
      `SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS flush,
         @@innodb_buffer_pool_size / 1048576 AS bufferPoolMb`,
    );
    const redis = /redis_version:(\S+)/.exec(await this.redis.info('server'))?.[1];
    return { database: row.version, flush: row.flush, bufferPoolMb: Number(row.bufferPoolMb), redis };
  }
}

function nameOf(database) {
  return new URL(database).pathname.slice(1);
}

function quoted(database) {
  return `\`${nameOf(database)}\``;
}
