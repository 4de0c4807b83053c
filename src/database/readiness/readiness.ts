import type { Statement } from '../connections.js';
import { isExhausted, isUnavailable } from '../database-errors.js';
import { toSqlTime } from '../sql-time.js';

/**
 * How long a successful write counts for further checks (ms). Anybody may call the endpoint, and each write
 * costs disk I/O.
 */
const SUCCESS_VALID_MS = 250;

/** Together these rows need more space than InnoDB allocates at once (4 MiB for a large table). */
const MYSQL_ROWS = 9;
const MYSQL_ROW_BYTES = 512 * 1_024;
/** Larger than any write of a request. */
const SQLITE_ROW_BYTES = 64 * 1_024;

/**
 * Checks by a write to its own table that the database accepts writes. After a failure for lack of disk,
 * memory or file handles, a small write proves nothing, because it may fit into allocated pages. The database
 * then counts as not ready until a write that needs new space has succeeded.
 */
export class Readiness {
  private failures = 0;
  private needsLargeWrite = false;
  private succeededAt = -Infinity;
  private probing: Promise<void> | null = null;

  /** @param write runs all statements in one transaction */
  constructor(
    private readonly dialect: 'mysql' | 'sqlite',
    private readonly write: (statements: readonly Statement[]) => Promise<unknown>,
  ) {}

  /** Records a failed operation of this instance. */
  recordFailure(error: unknown): void {
    if (!isUnavailable(error)) return;
    this.failures++;
    this.succeededAt = -Infinity;
    if (isExhausted(error.cause)) this.needsLargeWrite = true;
  }

  /** Concurrent checks share one write. @throws AppError DATABASE_UNAVAILABLE */
  check(): Promise<void> {
    if (performance.now() - this.succeededAt < SUCCESS_VALID_MS) return Promise.resolve();
    this.probing ??= this.probe().finally(() => {
      this.probing = null;
    });
    return this.probing;
  }

  private async probe(): Promise<void> {
    const failures = this.failures;
    const now = toSqlTime(Date.now());
    if (!this.needsLargeWrite) await this.write([this.small(now)]);
    else if (this.dialect === 'mysql') {
      // Frees the pages of an earlier check. Otherwise the write would reuse them and need no new space.
      await this.write([{ sql: 'TRUNCATE TABLE readiness', parameters: [] }]);
      await this.write([largeOnMysql(now)]);
    } else await this.write([largeOnSqlite(now)]);
    if (failures !== this.failures) return;
    this.needsLargeWrite = false;
    this.succeededAt = performance.now();
  }

  private small(now: string): Statement {
    const conflict = this.dialect === 'mysql' ? 'ON DUPLICATE KEY UPDATE' : 'ON CONFLICT (id) DO UPDATE SET';
    return {
      sql: `INSERT INTO readiness (id, written_at) VALUES (1, ?) ${conflict} written_at = ?`,
      parameters: [now, now],
    };
  }
}

function largeOnMysql(now: string): Statement {
  const rows = Array.from({ length: MYSQL_ROWS }, (_, index) => index + 1);
  return {
    sql: `INSERT INTO readiness (id, written_at, padding) VALUES ${rows.map(() => "(?, ?, REPEAT('x', ?))").join(', ')}`,
    parameters: rows.flatMap((id) => [id, now, MYSQL_ROW_BYTES]),
  };
}

/** The content is random, because SQLite does not write pages whose content is unchanged. */
function largeOnSqlite(now: string): Statement {
  return {
    sql: `INSERT INTO readiness (id, written_at, padding) VALUES (1, ?, hex(randomblob(?)))
      ON CONFLICT (id) DO UPDATE SET written_at = excluded.written_at, padding = excluded.padding`,
    parameters: [now, SQLITE_ROW_BYTES / 2],
  };
}
