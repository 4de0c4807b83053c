import type { Redis } from 'ioredis';
import type { RedisConfig } from '../../config/app-config.js';
import type { OutageLog } from '../outage-log.js';
import { COMMAND_TIMEOUT_MS, type Handshake, type RedisAddress, RedisConnection } from './connection.js';
import { NotSent } from './faults.js';
import { deploymentName, nodeName, primaryBySentinels } from './sentinels.js';
import type { RedisServers } from './servers.js';

/** One server that holds all keys: the one in REDIS_URL, or the primary that the sentinels name. */
export class RedisPrimary implements RedisServers {
  private readonly connection: RedisConnection;

  /** @param onUsable called with each new connection */
  constructor(
    private readonly config: RedisConfig,
    private readonly probeKey: string,
    handshake: Handshake,
    onUsable: () => void,
    outage: OutageLog,
  ) {
    this.connection = new RedisConnection(
      {
        name: deploymentName(config),
        login: config,
        locate: () => this.locate(),
        handshake,
        onUsable,
      },
      outage,
    );
  }

  get firstOutcome(): Promise<Error | null> {
    return this.connection.firstOutcome;
  }

  send<T>(_key: string, command: (redis: Redis) => Promise<T>): Promise<T> {
    return this.connection.send(command, performance.now() + COMMAND_TIMEOUT_MS);
  }

  async probe(ttl: number): Promise<void> {
    await this.send(this.probeKey, (redis) => redis.set(this.probeKey, '1', 'PX', ttl));
    this.connection.writeSucceeded();
  }

  async memoryInfo(): Promise<string[]> {
    return [await this.send(this.probeKey, (redis) => redis.info('memory'))];
  }

  locateListener(): Promise<RedisAddress> {
    return this.locate();
  }

  /** The old primary may still be running, partitioned from the sentinels that have elected another. */
  async review(): Promise<void> {
    const { server } = this.connection;
    if (this.config.mode !== 'sentinel' || !server) return;
    const primary = await primaryBySentinels(this.config).catch(() => null);
    if (primary && nodeName(primary) !== nodeName(server)) {
      this.connection.fail(new NotSent(`the sentinels name ${nodeName(primary)} now`));
    }
  }

  close(): void {
    this.connection.close();
  }

  private locate(): Promise<RedisAddress> {
    const [server] = this.config.nodes;
    if (this.config.mode === 'sentinel') return primaryBySentinels(this.config);
    return server ? Promise.resolve(server) : Promise.reject(new NotSent('no server is named'));
  }
}
