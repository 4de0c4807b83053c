import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { StartFault } from '../common/start-fault.js';
import { AppConfig, type DatabaseConfig } from '../config/app-config.js';
import { openDataSource } from './data-source.js';
import {
  driverCode,
  isBusy,
  isDeadlock,
  isRefused,
  isUnreachable,
  isUnavailable,
} from './database-errors.js';
import { Database } from './database.js';
import { MigrationFailure } from './migrations/migrate.js';

/** Delay between two attempts to reach the database (ms). */
const RETRY_DELAY_MS = 1_000;

/**
 * Connects to the database and migrates it while the rest of the service starts. Meanwhile the process
 * listens and is alive, but not ready. A server that cannot be reached is retried without limit; every other
 * failure ends the process.
 */
@Injectable()
export class DatabaseOpening implements BeforeApplicationShutdown {
  /** Resolves when the first attempt has ended, successful or not. */
  readonly tried: Promise<void>;
  /**
   * Resolves when the database is open. Never settles if the service is stopped first.
   * @throws StartFault for a failure that a retry cannot fix
   */
  readonly opened: Promise<void>;
  /** The migration that is running. At shutdown it ends after its current step. */
  migration: Promise<void> | null = null;

  private readonly logger = new Logger('Database');
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private settle!: { tried: () => void; opened: () => void; failed: (fault: unknown) => void };

  constructor(
    private readonly dataSource: DataSource,
    private readonly database: Database,
    private readonly config: AppConfig,
  ) {
    let tried!: () => void;
    this.tried = new Promise((resolve) => (tried = resolve));
    this.opened = new Promise((opened, failed) => (this.settle = { tried, opened, failed }));
    this.opened.catch(() => undefined);
  }

  /** Starts to connect. To be called once, after all modules have registered with `Database.onOpen`. */
  begin(): void {
    this.running = this.open().then(this.settle.opened, (error: unknown) => {
      if (!this.stopping.signal.aborted) this.settle.failed(error);
    });
  }

  /** Waits until the current step of a migration has ended. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async open(): Promise<void> {
    let reportedReason = '';
    for (;;) {
      try {
        await openDataSource(this.dataSource, this.stopping.signal, (migration) => {
          this.migration = migration;
        });
        await this.database.open();
        if (reportedReason !== '') this.logger.log({ msg: `${nameOf(this.config.database)} is reachable` });
        return;
      } catch (error) {
        this.stopping.signal.throwIfAborted();
        if (!isWorthWaiting(error, this.config.database)) throw this.faultOf(error);
        const reason = reasonOf(error);
        if (reason !== reportedReason) {
          this.logger.warn({
            msg: `${nameOf(this.config.database)} cannot be used yet: ${reason}. The service retries every second and answers requests with 503 meanwhile.`,
          });
        }
        reportedReason = reason;
      } finally {
        this.settle.tried();
      }
      await sleep(RETRY_DELAY_MS, undefined, { signal: this.stopping.signal });
    }
  }

  /** An error that no driver reported is a bug of ours and keeps its stack. */
  private faultOf(error: unknown): unknown {
    const root = rootOf(error);
    if (root instanceof StartFault) return root;
    if (driverCode(root) === '') return error;
    const name = nameOf(this.config.database);
    const what =
      error instanceof MigrationFailure ? `the migration ${error.migration} failed` : 'cannot be used';
    return new StartFault(`${name}: ${what}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Whether the failure may resolve itself: a server that is down or read-only, a lock that somebody else
 * holds.
 */
function isWorthWaiting(error: unknown, { type }: DatabaseConfig): boolean {
  const cause = rootOf(error);
  if (isRefused(cause)) return false;
  // A missing file stays missing. Only a lock of another process can go away.
  if (type === 'sqlite') return isBusy(cause);
  return isUnavailable(cause) || isUnreachable(cause) || isDeadlock(cause);
}

function causeOf(error: unknown): unknown {
  return error instanceof MigrationFailure ? error.cause : error;
}

/** The driver's error, unwrapped from our own errors. */
function rootOf(error: unknown): unknown {
  const cause = causeOf(error);
  return isUnavailable(cause) && cause instanceof Error && cause.cause ? rootOf(cause.cause) : cause;
}

/** The driver's message in one line. It may name hosts and users, never a password. */
function reasonOf(error: unknown): string {
  const cause = rootOf(error);
  // The host name has several addresses, and all of them failed.
  if (cause instanceof AggregateError && cause.errors.length > 0)
    return cause.errors.map(reasonOf).join(', ');
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = driverCode(cause);
  const text = message.includes(code) ? message : `${code}: ${message}`;
  return text.replace(/\s+/g, ' ');
}

/** The database as the operator knows it from DATABASE_URL. */
function nameOf(database: DatabaseConfig): string {
  if (database.type === 'sqlite') return `The database file ${database.path}`;
  return `The database at ${database.host}:${database.port}`;
}
