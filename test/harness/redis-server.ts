import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { whileRunning } from '../runner/running.js';
import { freePort } from './free-port.js';
import { type Program, startProgram } from './program.js';

/** Whether redis-server is installed. */
export const HAS_REDIS_SERVER = spawnSync('redis-server', ['--version']).status === 0;

/** A private redis-server, which a test may stop, demote, fill and reconfigure. */
export class RedisServer {
  /** Stops the server and deletes its data. */
  readonly drop = whileRunning('redis-server', async () => {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  });
  private program: Program;
  private admin: Redis | null = null;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly words: readonly string[],
  ) {
    this.program = this.run();
  }

  /**
   * Starts a server on a free port and waits until it answers.
   * @param settings settings of redis.conf by name
   */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-test-redis-'));
    const port = Number(settings.port ?? (await freePort()));
    const all = { port: String(port), bind: '127.0.0.1', save: '', dir: folder, ...settings };
    const words = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')]);
    const server = new RedisServer(port, folder, words);
    await server.untilUp();
    return server;
  }

  /** Starts a sentinel for a primary. It detects a failure after half a second. */
  static async startSentinel(primary: number, name: string, quorum: number, more = ''): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-test-redis-'));
    const port = await freePort();
    const file = join(folder, 'sentinel.conf');
    await writeFile(
      file,
      `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor ${name} 127.0.0.1 ${primary} ${quorum}\n` +
        `sentinel down-after-milliseconds ${name} 500\nsentinel failover-timeout ${name} 3000\n${more}\n`,
    );
    const server = new RedisServer(port, folder, [file, '--sentinel']);
    await server.untilUp();
    return server;
  }

  /** `host:port`. */
  get place(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Sends a command, bypassing the service. */
  async call(command: string, ...words: (string | number)[]): Promise<unknown> {
    if (!this.admin) {
      this.admin = new Redis({ port: this.port, host: '127.0.0.1', protocol: 2, enableReadyCheck: false });
      this.admin.on('error', () => undefined);
    }
    return this.admin.call(command, ...words.map(String));
  }

  /** Kills the process. */
  async kill(): Promise<void> {
    this.admin?.disconnect();
    this.admin = null;
    this.program.child.kill('SIGKILL');
    await this.program.ended;
  }

  /** Suspends or resumes the process. Suspended, it keeps its connections and does not answer. */
  freeze(on: boolean): void {
    this.program.child.kill(on ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Restarts after `kill`, with the same port and folder. */
  async restart(): Promise<void> {
    this.program = this.run();
    await this.untilUp();
  }

  private run(): Program {
    return startProgram(['redis-server', ...this.words], this.folder);
  }

  private async untilUp(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const probe = new Redis({
        port: this.port,
        host: '127.0.0.1',
        lazyConnect: true,
        retryStrategy: null,
        protocol: 2,
        enableReadyCheck: false,
      });
      probe.on('error', () => undefined);
      try {
        await probe.connect();
        // A NOAUTH error is an answer too.
        await probe.ping().catch(() => undefined);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      } finally {
        probe.disconnect();
      }
    }
    throw new Error(`redis-server does not start:\n${this.program.output()}`);
  }
}

/**
 * Starts a cluster of three primaries with a third of the slots each. The first primaries get a replica each.
 */
export async function startRedisCluster(replicas = 0): Promise<RedisServer[]> {
  const busPorts = new Map<RedisServer, number>();
  const nodes: RedisServer[] = [];
  for (let index = 0; index < 3 + replicas; index++) {
    const busPort = await freePort();
    const node = await RedisServer.start({
      'cluster-enabled': 'yes',
      'cluster-port': String(busPort),
      'cluster-node-timeout': '1000',
      'cluster-replica-validity-factor': '0',
      'repl-diskless-sync-delay': '0',
    });
    busPorts.set(node, busPort);
    nodes.push(node);
  }
  const [first, ...others] = nodes;
  const bounds = [0, 5461, 10923, 16384];
  for (const [index, node] of nodes.slice(0, 3).entries()) {
    await node.call('CLUSTER', 'ADDSLOTSRANGE', bounds[index] ?? 0, (bounds[index + 1] ?? 0) - 1);
    await node.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  for (const node of others) {
    await first?.call('CLUSTER', 'MEET', '127.0.0.1', node.port, busPorts.get(node) ?? 0);
  }
  const untilAll = async (holds: (info: string) => boolean, command = 'INFO'): Promise<void> => {
    for (const node of nodes) {
      while (!holds(String(await node.call('CLUSTER', command)))) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  await untilAll((info) => info.includes(`cluster_known_nodes:${nodes.length}`));
  for (const [index, replica] of nodes.slice(3).entries()) {
    const id = String(await nodes[index]?.call('CLUSTER', 'MYID'));
    await replica.call('CLUSTER', 'REPLICATE', id);
    while (!String(await replica.call('INFO', 'replication')).includes('master_link_status:up')) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await untilAll((info) => info.includes('cluster_state:ok'));
  return nodes;
}
