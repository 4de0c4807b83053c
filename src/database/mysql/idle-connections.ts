import type { Pool, PoolConnection } from 'mysql2';
import type { DataSource } from 'typeorm';

/**
 * The pooled connections that nobody uses at the moment, as mysql2's events tell of them. SQLite has none. Those that
 * were opened before this began to listen are known from their first use on.
 */
export class IdleConnections {
  /** When each was given back (ms of `performance.now`). */
  private readonly since = new Map<PoolConnection, number>();

  constructor({ driver }: DataSource) {
    const pool = 'pool' in driver ? (driver.pool as Pool | undefined) : undefined;
    pool?.on('connection', (connection) => {
      for (const event of ['end', 'error']) connection.on(event, () => this.since.delete(connection));
    });
    pool?.on('release', (connection) => this.since.set(connection, performance.now()));
    pool?.on('acquire', (connection) => this.since.delete(connection));
  }

  /** Closes all that have been idle for so long (ms); the pool opens others when it needs them. */
  destroy(unusedFor: number): void {
    const until = performance.now() - unusedFor;
    for (const [connection, since] of this.since) {
      if (since > until) continue;
      this.since.delete(connection);
      connection.destroy();
    }
  }
}
