import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { StartFault } from '../../common/start-fault.js';
import { isBusy } from '../database-errors.js';

/** Only the owner may read: the files hold all personal data of the service. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Errors of chmod that are ignored: the files have another owner, or the file system has no modes. */
const IGNORED_CHMOD_ERRORS = new Set(['EPERM', 'EROFS', 'ENOTSUP', 'ENOENT']);

/**
 * Connections, statements and runners that are no longer used. If better-sqlite3 12 was built against the
 * headers of Node 24.19 or later, the process crashes when such an object is garbage-collected
 * (nodejs/node#65446). Version 13 does not run on Node 20.
 */
const retired: unknown[] = [];

/** Keeps an object of better-sqlite3 from being garbage-collected. */
export function retire(handle: unknown): void {
  retired.push(handle);
}

/** Files that this process owns, by real path. Several data sources of one process may share a file. */
const claims = new Map<string, { readonly lock: Sqlite.Database; by: number }>();

/**
 * The files of one SQLite database: their permissions, their owning process, and whether they were moved. A
 * database in memory has none.
 */
export class SqliteFile {
  private readonly inMemory: boolean;
  private claimed = '';
  private opened = '';

  constructor(readonly path: string) {
    this.inMemory = path === ':memory:';
  }

  /**
   * Creates the file if it does not exist, readable by its owner only, and claims it for this process.
   * @throws StartFault if another process owns it
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
    for (const suffix of ['', '-wal', '-shm', '-lock']) restrictMode(`${file}${suffix}`);
  }

  /** Releases the file after the connection was closed. */
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

  /** Opens the existing file. A file that was moved away is not replaced by an empty one. */
  open(): Sqlite.Database {
    return new Sqlite(this.path, { timeout: 0, fileMustExist: true });
  }

  /** Remembers the identity of the file that the current connection has open. */
  rememberIdentity(): void {
    this.opened = this.identity();
  }

  /** Whether the path still leads to that file. Writes to a file that was replaced would be lost. */
  get isInPlace(): boolean {
    return this.identity() === this.opened;
  }

  private identity(): string {
    if (this.inMemory) return '';
    const stats = statSync(this.path, { throwIfNoEntry: false });
    return stats ? `${stats.dev}:${stats.ino}` : 'none';
  }

  /**
   * Takes an OS lock on a separate file beside the database. The lock ends with the process, even after a
   * crash, and does not block processes that only read the database.
   */
  private takeLock(file: string): Sqlite.Database {
    const lock = new Sqlite(file, { timeout: 0 });
    try {
      // Without a journal file, which a killed process would leave behind.
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

/**
 * An existing file is not opened: closing it would release the locks that this process holds on it (POSIX).
 */
function createFile(path: string): void {
  if (existsSync(path)) return;
  try {
    closeSync(openSync(path, 'ax', FILE_MODE));
  } catch (error) {
    // Another process that starts at the same moment was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function restrictMode(path: string): void {
  try {
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, FILE_MODE);
  } catch (error) {
    if (!IGNORED_CHMOD_ERRORS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
