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

/** After an attempt that did not reach the database (ms). */
const AGAIN_AFTER_MS = 1_000;

/**
 * Connects to the database and migrates it, beside the start of everything else: the process listens and is alive
 * meanwhile, and not ready. A server that cannot be reached is tried again for as long as it takes; every other
 * failure ends the start.
 */
@Injectable()
export class DatabaseOpening implements BeforeApplicationShutdown {
  /** The first attempt is over, whatever came of it. */
  readonly tried: Promise<void>;
  /**
   * The database is open. Never settles where the service is stopped before.
   * @throws StartFault for what waiting does not mend
   */
  readonly opened: Promise<void>;
  /** The migration under way: it ends after its step when the service is stopped. */
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

  /** To be called once, when all modules have said what they do once the database is open (`Database.onOpen`). */
  begin(): void {
    this.running = this.open().then(this.settle.opened, (error: unknown) => {
      if (!this.stopping.signal.aborted) this.settle.failed(error);
    });
  }

  /** Waits for the step of a migration, and for no more. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async open(): Promise<void> {
    let told = '';
    for (;;) {
      try {
        await openDataSource(this.dataSource, this.stopping.signal, (migration) => {
          this.migration = migration;
        });
        await this.database.open();
        if (told !== '') this.logger.log({ msg: `${nameOf(this.config.database)} is there` });
        return;
      } catch (error) {
        this.stopping.signal.throwIfAborted();
        if (!isWorthWaiting(error, this.config.database)) throw this.faultOf(error);
        const reason = reasonOf(error);
        if (reason !== told) {
          this.logger.warn({
            msg: `${nameOf(this.config.database)} cannot be used yet: ${reason}. It is tried again every second; requests are answered 503 meanwhile.`,
          });
        }
        told = reason;
      } finally {
        this.settle.tried();
      }
      await sleep(AGAIN_AFTER_MS, undefined, { signal: this.stopping.signal });
    }
  }

  /** What no driver has said is a fault of ours, and keeps its stack. */
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

/** Only what may come right by itself: a server that is away, one that takes no writes yet, a lock of somebody else. */
function isWorthWaiting(error: unknown, { type }: DatabaseConfig): boolean {
  const cause = rootOf(error);
  if (isRefused(cause)) return false;
  // A file is there or is not; only another process may let go of it.
  if (type === 'sqlite') return isBusy(cause);
  return isUnavailable(cause) || isUnreachable(cause) || isDeadlock(cause);
}

function causeOf(error: unknown): unknown {
  return error instanceof MigrationFailure ? error.cause : error;
}

/** What the driver threw, where our own errors stand around it. */
function rootOf(error: unknown): unknown {
  const cause = causeOf(error);
  return isUnavailable(cause) && cause instanceof Error && cause.cause ? rootOf(cause.cause) : cause;
}

/** The driver's words in one line. They name hosts and users, never a password. */
function reasonOf(error: unknown): string {
  const cause = rootOf(error);
  // Of a name with several addresses, each of which failed.
  if (cause instanceof AggregateError && cause.errors.length > 0)
    return cause.errors.map(reasonOf).join(', ');
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = driverCode(cause);
  const text = message.includes(code) ? message : `${code}: ${message}`;
  return text.replace(/\s+/g, ' ');
}

/** Which database it is, as an operator knows it from DATABASE_URL. */
function nameOf(database: DatabaseConfig): string {
  if (database.type === 'sqlite') return `The database file ${database.path}`;
  return `The database at ${database.host}:${database.port}`;
}
