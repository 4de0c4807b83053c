/**
 * The database and Redis of a scenario. The run starts a MariaDB and a Redis of its own if their programs are installed:
 * their CPU, counters and settings are then those of the benchmark alone. BENCH_DATABASE_URL and BENCH_REDIS_URL name
 * running ones instead.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { Redis } from 'ioredis';
import { freePort, servers, track } from './processes.mjs';

const START_MS = 30_000;

/**
 * @param folder where new servers keep their files
 * @param bufferPoolMb innodb_buffer_pool_size of a new server
 * @returns `{ databaseUrl, redisUrl, isOwn }`; `isOwn`: both end with the run, so nothing in them needs to be cleared
 */
export async function startServers(folder, { bufferPoolMb = 512 } = {}) {
  const { BENCH_DATABASE_URL, BENCH_REDIS_URL } = process.env;
  const [databaseUrl, redisUrl] = await Promise.all([
    BENCH_DATABASE_URL ??
      (isInstalled('mariadbd') ? startMariaDb(folder, bufferPoolMb) : 'mysql://root@127.0.0.1:3306/'),
    BENCH_REDIS_URL ?? (isInstalled('redis-server') ? startRedis(folder) : 'redis://127.0.0.1:6379/11'),
  ]);
  return { databaseUrl, redisUrl, isOwn: servers.size === 2 };
}

/** As installed, but without binary log, and durable: each commit is written to the disk. */
async function startMariaDb(folder, bufferPoolMb) {
  const data = join(folder, 'mariadb');
  const common = ['--no-defaults', `--datadir=${data}`, `--user=${userInfo().username}`];
  const made = spawnSync(
    'mariadb-install-db',
    [...common, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`mariadb-install-db: ${made.stderr}`);
  const port = await freePort();
  const child = spawn(
    'mariadbd',
    [
      ...common,
      `--socket=${join(data, 's')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-log-bin',
      '--innodb-flush-log-at-trx-commit=1',
      '--innodb-log-file-size=512M',
      `--innodb-buffer-pool-size=${bufferPoolMb}M`,
      '--max-connections=1000',
      '--max-prepared-stmt-count=100000',
    ],
    { stdio: 'ignore' },
  );
  const ended = track(child, 'mariadbd', servers);
  const uri = `mysql://root@127.0.0.1:${port}/`;
  await Promise.race([answering(async () => (await createConnection({ uri })).end()), ended]);
  return uri;
}

/** As recommended in the guide: append-only file, no eviction. */
async function startRedis(folder) {
  const data = join(folder, 'redis');
  mkdirSync(data);
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--port', port, '--bind', '127.0.0.1', '--dir', data, '--save', '', '--appendonly', 'yes'].map(String),
    { stdio: 'ignore' },
  );
  const ended = track(child, 'redis-server', servers);
  const url = `redis://127.0.0.1:${port}/0`;
  await Promise.race([
    answering(async () => {
      const redis = new Redis(url, { lazyConnect: true, retryStrategy: null });
      redis.on('error', () => undefined);
      try {
        await redis.connect();
      } finally {
        redis.disconnect();
      }
    }),
    ended,
  ]);
  return url;
}

/** Counters of both servers since their start, and the processes to watch. */
export class Counters {
  /** @param connection of mysql2 @param redis of ioredis */
  static async of(connection, redis) {
    const [[{ file, folder }]] = await connection.query('SELECT @@pid_file AS file, @@datadir AS folder');
    const database = localPid([file, join(folder, file)]);
    const redisPid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
    return new Counters(connection, redis, {
      ...(database === undefined ? {} : { database }),
      ...(isProcess(redisPid, 'redis') ? { redis: redisPid } : {}),
    });
  }

  constructor(connection, redis, pids) {
    this.connection = connection;
    this.redis = redis;
    /** `database` and `redis`, as far as they run on this machine. */
    this.pids = pids;
  }

  /** @returns name -> count, see COUNTED; bytes for names that end in Bytes */
  async read() {
    const [[rows], info] = await Promise.all([
      this.connection.query('SHOW GLOBAL STATUS'),
      this.redis.info('all'),
    ]);
    const status = new Map(rows.map(({ Variable_name: name, Value: value }) => [name, Number(value)]));
    const sum = (names) => names.reduce((total, name) => total + (status.get(name) ?? 0), 0);
    const counts = Object.fromEntries(Object.entries(COUNTED).map(([name, of]) => [name, sum(of)]));
    counts.redisCommands = Number(/total_commands_processed:(\d+)/.exec(info)?.[1]);
    counts.redisReceivedBytes = Number(/total_net_input_bytes:(\d+)/.exec(info)?.[1]);
    counts.redisSentBytes = Number(/total_net_output_bytes:(\d+)/.exec(info)?.[1]);
    return counts;
  }
}

/** Variables of SHOW GLOBAL STATUS. A statement that is sent in one text with others counts by itself. */
const COUNTED = {
  statements: ['Questions'],
  selects: ['Com_select'],
  inserts: ['Com_insert'],
  updates: ['Com_update'],
  deletes: ['Com_delete'],
  commits: ['Com_commit'],
  rollbacks: ['Com_rollback'],
  rowsRead: ['Rows_read'],
  rowsWritten: ['Handler_write', 'Handler_update', 'Handler_delete'],
  receivedBytes: ['Bytes_received'],
  sentBytes: ['Bytes_sent'],
  logBytes: ['Innodb_os_log_written'],
  dataBytes: ['Innodb_data_written'],
  logWrites: ['Innodb_log_writes'],
  fsyncs: ['Innodb_data_fsyncs'],
  lockWaits: ['Innodb_row_lock_waits'],
  lockWaitMs: ['Innodb_row_lock_time'],
  deadlocks: ['Innodb_deadlocks'],
  pagesRead: ['Innodb_buffer_pool_reads'],
};

/** What happened between two readings, per operation. */
export function perOperation(before, after, operations) {
  return Object.fromEntries(
    Object.keys(after).map((name) => [name, (after[name] - before[name]) / operations]),
  );
}

function localPid(files) {
  for (const file of files) {
    if (!existsSync(file)) continue;
    const pid = Number(readFileSync(file, 'utf8'));
    if (isProcess(pid, 'mariadbd') || isProcess(pid, 'mysqld')) return pid;
  }
  return undefined;
}

function isProcess(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith(name);
  } catch {
    return false;
  }
}

async function answering(attempt) {
  for (const until = Date.now() + START_MS; ; await sleep(100)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

function isInstalled(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}
