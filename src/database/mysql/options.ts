import type { DataSourceOptions } from 'typeorm';
import type { MysqlConfig } from '../../config/app-config.js';
import { mysqlDriver, openSocket, tlsOptions } from './pool.js';
import { withValues } from './values.js';

/** Prepared statements that each connection caches. The server limits their number over all connections. */
const PREPARED_STATEMENTS = 50;
/** Idle connections are closed before the server, a firewall or a load balancer closes them silently (ms). */
const IDLE_MS = 60_000;

/** Returns TypeORM's options for a MySQL or MariaDB server. */
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
    // Required to send a batch of writes in one round trip.
    multipleStatements: true,
    poolSize: pool,
    extra: {
      ssl: tlsOptions(tls),
      stream: () => openSocket(host, port),
      queryFormat: withValues,
      maxPreparedStatements: PREPARED_STATEMENTS,
      // The driver closes idle connections only if this is less than the pool size.
      maxIdle: Math.max(1, pool - 1),
      idleTimeout: IDLE_MS,
      gracefulEnd: true,
      // Without it an error's stack begins in the driver. Capturing the caller's stack costs every query 10
      // µs.
      trace: false,
    },
  } as const satisfies DataSourceOptions;
}
