import type { Pool, PoolConnection } from 'mysql2';

/**
 * The idle connections of the pool, followed by mysql2's events. Connections that were
 * opened earlier are known from their first use on.
 */
export class IdleConnections {
  /** When each connection was returned to the pool (`performance.now()`). */
  private readonly since = new Map<PoolConnection, number>();

  constructor(pool: Pool) {
    pool.on('connection', (connection) => {
      for (const event of ['end', 'error']) connection.on(event, () => this.since.delete(connection));
    });
    pool.on('release', (connection) => this.since.set(connection, performance.now()));
    pool.on('acquire', (connection) => this.since.delete(connection));
  }

  /**
   * Closes all connections that have been idle for at least this long (ms). The pool opens new ones on
   * demand.
   */
  destroy(unusedFor: number): void {
    const until = performance.now() - unusedFor;
    for (const [connection, since] of this.since) {
      if (since > until) continue;
      this.since.delete(connection);
      connection.destroy();
    }
  }
}
