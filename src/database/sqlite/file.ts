import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { StartFault } from '../../common/start-fault.js';
import { isBusy } from '../database-errors.js';

/** The owner alone: the files hold everything that the service knows of people. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Failures of chmod that leave the service able to work: the files are somebody else's, or modes do not exist. */
const UNCHANGEABLE = new Set(['EPERM', 'EROFS', 'ENOTSUP', 'ENOENT']);

/**
 * Connections, statements and runners that are no longer used. Built against the headers of Node 24.19 and later,
 * better-sqlite3 12 ends the process when such an object is collected outside of JavaScript (nodejs/node#65446);
 * its version 13 does not run on Node 20.
 */
const retired: unknown[] = [];

/** Keeps an object of better-sqlite3 from being collected. */
export function retire(handle: unknown): void {
  retired.push(handle);
}

/** What this process has, by real path: several data sources of one process may share a file. */
const claims = new Map<string, { readonly lock: Sqlite.Database; by: number }>();

/**
 * The files of one SQLite database: who may read them, which process they belong to, whether they are still there.
 * A database in memory has none.
 */
export class SqliteFile {
  private readonly inMemory: boolean;
  private claimed = '';
  private opened = '';

  constructor(readonly path: string) {
    this.inMemory = path === ':memory:';
  }

  /**
   * Makes the file where there is none, readable for its owner alone, and takes it for this process.
   * @throws StartFault where another process has it
   */
  claim(): void {
    if (this.inMemory) return;
    mkdirSync(dirname(this.path), { recursive: true, mode: FOLDER_MODE });
    createFile(this.path);
    const file = realpathSync(this.path);
    createFile(lockOf(file));
    const claimed = claims.get(file) ?? { lock: this.takeLock(lockOf(file)), by: 0 };
    claimed.by++;
    claims.set(file, claimed);
    this.claimed = file;
    for (const suffix of ['', '-wal', '-shm', '-lock']) tighten(`${file}${suffix}`);
  }

  /** Gives the file back, after the connection was closed. */
  release(): void {
    const claimed = claims.get(this.claimed);
    if (!claimed) return;
    claimed.by--;
    if (claimed.by === 0) {
      claimed.lock.close();
      retire(claimed.lock);
      claims.delete(this.claimed);
    }
    this.claimed = '';
  }

  /** Opens what is there: a file that was moved away is not made anew, and empty. */
  open(): Sqlite.Database {
    return new Sqlite(this.path, { timeout: 0, fileMustExist: true });
  }

  /** Remembers which file the present connection has open. */
  note(): void {
    this.opened = this.identity();
  }

  /** Whether the path still leads to it: what is written to a file that was replaced is lost. */
  get isInPlace(): boolean {
    return this.identity() === this.opened;
  }

  private identity(): string {
    if (this.inMemory) return '';
    const stats = statSync(this.path, { throwIfNoEntry: false });
    return stats ? `${stats.dev}:${stats.ino}` : 'none';
  }

  /**
   * The lock is the operating system's, on a file beside the database: it ends with the process, however that ends, and
   * whoever only reads the database does not meet it.
   */
  private takeLock(file: string): Sqlite.Database {
    const lock = new Sqlite(file, { timeout: 0 });
    try {
      // Without a journal file, which a process that is killed would leave behind.
      lock.exec('PRAGMA journal_mode = MEMORY');
      lock.exec('BEGIN EXCLUSIVE');
      return lock;
    } catch (error) {
      lock.close();
      retire(lock);
      throw isBusy(error) ? new StartFault(inUse(this.path)) : error;
    }
  }
}

function lockOf(file: string): string {
  return `${file}-lock`;
}

function inUse(path: string): string {
  return (
    `DATABASE_URL names ${path}, which another process of the service uses: ` +
    'SQLite serves one process. Stop the other one, or use MySQL or MariaDB.'
  );
}

/** An existing file is not opened: closing it would end the locks that this process has on it (POSIX). */
function createFile(path: string): void {
  if (existsSync(path)) return;
  try {
    closeSync(openSync(path, 'ax', FILE_MODE));
  } catch (error) {
    // A process that starts at the same moment was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function tighten(path: string): void {
  try {
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, FILE_MODE);
  } catch (error) {
    if (!UNCHANGEABLE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
