import type { Statement } from '../connections.js';
import { isExhausted, isUnavailable } from '../database-errors.js';
import { toSqlTime } from '../sql-time.js';

/** A write that succeeded stands for the next checks: anybody may ask, and each would cost a write to the disk. */
const PROOF_MS = 250;

/** Rows that need more room than any table grows by at once: InnoDB adds 4 MiB to a large one. */
const MYSQL_ROWS = 9;
const MYSQL_ROW_BYTES = 512 * 1_024;
/** More than any request writes. */
const SQLITE_ROW_BYTES = 64 * 1_024;

/**
 * Whether the database takes a write, found by writing to a table of its own. After a work failed for want of room
 * (disk, memory, files) a small write proves nothing, since it finds room in pages that are there: until one that
 * needs new room has succeeded, the database is not ready.
 */
export class Readiness {
  private failures = 0;
  private inDoubt = false;
  private provedAt = -Infinity;
  private asking: Promise<void> | null = null;

  /** @param write writes all statements or none */
  constructor(
    private readonly dialect: 'mysql' | 'sqlite',
    private readonly write: (statements: readonly Statement[]) => Promise<unknown>,
  ) {}

  /** Learns from each failure of the works of this instance. */
  heard(error: unknown): void {
    if (!isUnavailable(error)) return;
    this.failures++;
    this.provedAt = -Infinity;
    if (isExhausted(error.cause)) this.inDoubt = true;
  }

  /** Checks that come at once share one write. @throws AppError DATABASE_UNAVAILABLE */
  check(): Promise<void> {
    if (performance.now() - this.provedAt < PROOF_MS) return Promise.resolve();
    this.asking ??= this.ask().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private async ask(): Promise<void> {
    const failures = this.failures;
    const now = toSqlTime(Date.now());
    if (!this.inDoubt) await this.write([this.small(now)]);
    else if (this.dialect === 'mysql') {
      // What an earlier check has used would be free pages otherwise, and need no room.
      await this.write([{ sql: 'TRUNCATE TABLE readiness', parameters: [] }]);
      await this.write([largeOnMysql(now)]);
    } else await this.write([largeOnSqlite(now)]);
    if (failures !== this.failures) return;
    this.inDoubt = false;
    this.provedAt = performance.now();
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

/** Random, since SQLite leaves pages alone whose content stays the same. */
function largeOnSqlite(now: string): Statement {
  return {
    sql: `INSERT INTO readiness (id, written_at, padding) VALUES (1, ?, hex(randomblob(?)))
      ON CONFLICT (id) DO UPDATE SET written_at = excluded.written_at, padding = excluded.padding`,
    parameters: [now, SQLITE_ROW_BYTES / 2],
  };
}
