import type { DataSourceOptions } from 'typeorm';
import type { MysqlConfig } from '../../config/app-config.js';
import { mysqlDriver, openSocket, tlsOptions } from './pool.js';
import { withValues } from './values.js';

/** Each connection keeps the statements that it prepared last; the server counts those of all connections. */
const PREPARED_STATEMENTS = 50;
/** Well before the server, a firewall or a balancer closes it without a word (ms). */
const IDLE_MS = 60_000;

/** TypeORM's options for a MySQL or MariaDB server. */
export function mysqlOptions({ host, port, user, password, database, tls, pool }: MysqlConfig) {
  return {
    type: 'mysql',
    driver: mysqlDriver,
    host,
    port,
    username: user,
    password,
    database,
    charset: 'utf8mb4',
    timezone: 'Z',
    connectTimeout: 1_500,
    // A batch of writes is one round trip.
    multipleStatements: true,
    poolSize: pool,
    extra: {
      ssl: tlsOptions(tls),
      stream: () => openSocket(host, port),
      queryFormat: withValues,
      maxPreparedStatements: PREPARED_STATEMENTS,
      // Where it is the size of the pool, the driver closes no idle connection.
      maxIdle: Math.max(1, pool - 1),
      idleTimeout: IDLE_MS,
      gracefulEnd: true,
      // An error's stack then begins in the driver; to note each caller beforehand costs every query 10 µs.
      trace: false,
    },
  } as const satisfies DataSourceOptions;
}
