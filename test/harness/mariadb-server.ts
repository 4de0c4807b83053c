import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { cp, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { whileRunning } from '../runner/running.js';
import { freePort } from './free-port.js';
import { type Program, startProgram } from './program.js';

const INSTALL = '/usr/bin/mariadb-install-db';
const SERVER = '/usr/sbin/mariadbd';
/** Small and fast. Durability does not matter for a test server. */
const SMALL = ['--innodb-log-file-size=4M', '--innodb-buffer-pool-size=16M', '--innodb-doublewrite=0'];

/**
 * A private MariaDB server, which a test may reconfigure, freeze and kill. It listens on IPv4 and IPv6
 * loopback.
 */
export class MariadbServer {
  /** Stops the server and deletes its data. */
  readonly stop = whileRunning('mariadbd', async () => {
    this.thaw();
    await this.crash();
    await rm(this.folder, { recursive: true, force: true });
    await rm(temporaryFolder(this.folder), { recursive: true, force: true });
  });

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly options: readonly string[],
    private program: Program,
    private connection: Connection,
  ) {}

  /**
   * Starts a server with an empty database `test`. root has no password.
   * @param options options of mariadbd, for example `--sql-mode=ANSI_QUOTES`
   * @param disk folder for the data folder
   */
  static async start(options: readonly string[] = [], disk = tmpdir()): Promise<MariadbServer> {
    const folder = await mkdtemp(join(disk, 'wechat-auth-test-mariadb-'));
    await cp(await installed(), join(folder, 'data'), { recursive: true });
    const port = await freePort();
    const program = run(folder, port, options);
    const connection = await connected(port, program);
    await connection.query('CREATE DATABASE IF NOT EXISTS test');
    return new MariadbServer(port, folder, options, program, connection);
  }

  /** Value of DATABASE_URL: user root, database `test`. */
  get url(): string {
    return this.urlOf('root');
  }

  /** @param user user with password, URL-encoded */
  urlOf(user: string, host = '127.0.0.1'): string {
    return `mysql://${user}@${host}:${this.port}/test`;
  }

  /** Runs any statement as root and returns its rows. */
  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const [result] = await this.connection.query(sql);
    return Array.isArray(result) ? (result as Record<string, unknown>[]) : [];
  }

  /**
   * Opens another connection as root to the database `test`, for example to hold locks. The test closes it.
   */
  connect(): Promise<Connection> {
    return createConnection({ uri: this.url, multipleStatements: true });
  }

  /** Suspends the process. Its connections hang. */
  freeze(): void {
    this.program.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.program.child.kill('SIGCONT');
  }

  /** Kills the process. `startAgain` restarts it with the same data. */
  async crash(): Promise<void> {
    this.connection.destroy();
    this.program.child.kill('SIGKILL');
    await this.program.ended;
  }

  /** Restarts on the same port after a crash. @param options new options, if they change */
  async startAgain(options: readonly string[] = this.options): Promise<void> {
    this.program = run(this.folder, this.port, options);
    this.connection = await connected(this.port, this.program);
    await this.connection.query('CREATE DATABASE IF NOT EXISTS test');
  }
}

function run(folder: string, port: number, options: readonly string[]): Program {
  const at = (name: string) => join(folder, name);
  return startProgram(
    [
      SERVER,
      '--no-defaults',
      '--user=root',
      `--datadir=${at('data')}`,
      `--socket=${at('socket')}`,
      `--pid-file=${at('pid')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1,::1',
      ...SMALL,
      ...options,
    ],
    folder,
    ownTemporaryFolder(folder),
  );
}

/**
 * A server that starts deletes every temporary table (`#sql…`) of its temporary folder. In /tmp it would delete those of
 * the server that other tests use.
 */
function ownTemporaryFolder(folder: string): { TMPDIR: string } {
  mkdirSync(temporaryFolder(folder), { recursive: true });
  return { TMPDIR: temporaryFolder(folder) };
}

/** Not below the data, which may be on a disk that a test fills. */
function temporaryFolder(folder: string): string {
  return join(tmpdir(), `${basename(folder)}-tmp`);
}

async function connected(port: number, program: Program): Promise<Connection> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const connection = await createConnection({
      uri: `mysql://root@127.0.0.1:${port}`,
      multipleStatements: true,
    }).catch(() => null);
    if (connection) {
      await connection.query(
        "SET NAMES utf8mb4; SET SESSION autocommit = 1, sql_mode = '', lock_wait_timeout = 10; CREATE DATABASE IF NOT EXISTS test; USE test",
      );
      return connection;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`mariadbd did not start:\n${program.output().slice(-2_000)}`);
}

let installation: Promise<string> | null = null;

/**
 * An initialized data folder, created once per machine: initialization takes seconds, a copy takes almost no
 * time.
 */
function installed(): Promise<string> {
  installation ??= install();
  return installation;
}

async function install(): Promise<string> {
  const finished = join(tmpdir(), 'wechat-auth-test-mariadb-installed');
  if (await stat(finished).catch(() => null)) return finished;
  const folder = join(tmpdir(), `wechat-auth-test-mariadb-${randomBytes(6).toString('hex')}`);
  const program = startProgram(
    [
      INSTALL,
      '--no-defaults',
      '--user=root',
      `--datadir=${folder}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      ...SMALL,
    ],
    '/',
    ownTemporaryFolder(folder),
  );
  if ((await program.ended) !== 0) throw new Error(`mariadb-install-db failed:\n${program.output()}`);
  await rm(temporaryFolder(folder), { recursive: true, force: true });
  // Another worker may have finished first.
  await rename(folder, finished).catch(() => rm(folder, { recursive: true, force: true }));
  return finished;
}
