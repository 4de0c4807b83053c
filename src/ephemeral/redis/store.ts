import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { AppError } from '../../common/app-error.js';
import { inTime } from '../../common/in-time.js';
import { StartFault } from '../../common/start-fault.js';
import type { RedisConfig } from '../../config/app-config.js';
import { EphemeralStore, type StoreListener } from '../ephemeral-store.js';
import { type OperatorLog, OutageLog } from '../outage-log.js';
import { RedisCluster } from './cluster.js';
import { RedisSubscriber } from './subscriber.js';
import { describe, LastingFault, NotSent } from './faults.js';
import { handshake } from './handshake.js';
import { RedisPrimary } from './primary.js';
import { COUNT, REPLACE } from './scripts.js';
import { deploymentName } from './sentinels.js';
import type { RedisServers } from './servers.js';

/** A start does not wait longer: the service listens, is not ready, and is once Redis is there. */
const START_MS = 1_000;
/** How often the servers are asked for a write, and the subscriber for its own message (real time). */
const PULSE_MS = 2_000;
const PROBE_MS = 10_000;
/** What `begin` may fill of a Redis that has a maxmemory. */
const SHARE_OF_BEGINNERS = 0.8;

/**
 * The store of several instances: one Redis, the primary that sentinels name, or a cluster. It writes every two
 * seconds whether somebody asks or not, so a server that has lost its role is left before the next login.
 * All commands have one key, so that a cluster can run each of them (docs/decisions/030-the-shared-store.md).
 */
export class RedisStore extends EphemeralStore {
  private readonly servers: RedisServers;
  private readonly subscriber: RedisSubscriber;
  private readonly outage: OutageLog;
  private readonly pulse: string;
  private readonly probeKey: string;
  private timer: NodeJS.Timeout | undefined;
  private isPulsing = false;
  private saysMemory = false;
  private hasRoom = true;
  private isFirst = true;
  private hasWarned = false;

  /** @param operator told of each cause of an outage once, and of its end; never of a value or a password */
  constructor(
    private readonly config: RedisConfig,
    operator: OperatorLog,
  ) {
    super();
    const instance = randomBytes(6).toString('hex');
    this.pulse = this.name(`pulse:${instance}`);
    this.probeKey = this.name(`probe:${instance}`);
    this.outage = new OutageLog(operator);
    this.servers =
      config.mode === 'cluster'
        ? new RedisCluster(
            config,
            this.probeKey,
            (redis, probeKey) => this.handshake(redis, probeKey),
            () => this.subscriber.renew(),
            this.outage,
          )
        : new RedisPrimary(
            config,
            this.probeKey,
            (redis) => this.handshake(redis, this.probeKey),
            () => this.reconnected(),
            this.outage,
          );
    this.subscriber = new RedisSubscriber(
      deploymentName(config),
      config,
      this.pulse,
      () => this.servers.locateListener(),
      this.outage,
    );
  }

  /**
   * Waits for the first connections, a second at most: where there are none yet, the service starts and is not ready.
   * @throws StartFault for what waiting does not mend: a wrong password, a missing permission, a refused certificate,
   * a version before 6.2, a node of a cluster under a plain URL
   */
  async connect(): Promise<void> {
    this.timer = setInterval(() => void this.beat(), PULSE_MS).unref();
    const verdicts = await Promise.all(
      [this.servers.firstVerdict, this.subscriber.firstVerdict].map((verdict) =>
        inTime(verdict, START_MS, () => new NotSent('no answer yet')).catch(() => null),
      ),
    );
    const lasting = verdicts.find((verdict) => verdict instanceof LastingFault);
    if (!lasting) {
      this.outage.begin();
      return;
    }
    await this.close();
    throw new StartFault(`Redis at ${deploymentName(this.config)} cannot be used: ${describe(lasting)}`);
  }

  get(key: string): Promise<string | null> {
    return this.run(key, (redis, name) => redis.get(name));
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    await this.run(key, (redis, name) => redis.set(name, value, 'PX', ttl));
  }

  async begin(key: string, value: string, ttl: number): Promise<void> {
    if (!this.hasRoom) throw new AppError('STORE_UNAVAILABLE', { detail: 'The store is nearly full.' });
    await this.set(key, value, ttl);
  }

  async setIfAbsent(key: string, value: string, ttl: number): Promise<boolean> {
    return (await this.run(key, (redis, name) => redis.set(name, value, 'PX', ttl, 'NX'))) === 'OK';
  }

  async replace(key: string, expected: string, value: string, ttl: number): Promise<boolean> {
    return (await this.run(key, (redis, name) => redis.eval(REPLACE, 1, name, expected, value, ttl))) === 1;
  }

  take(key: string): Promise<string | null> {
    return this.run(key, (redis, name) => redis.getdel(name));
  }

  async delete(key: string): Promise<void> {
    await this.run(key, (redis, name) => redis.del(name));
  }

  async count(key: string, window: number): Promise<number> {
    return Number(await this.run(key, (redis, name) => redis.eval(COUNT, 1, name, window)));
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.run(channel, (redis, name) => redis.publish(name, message));
  }

  listen(channel: string, listener: StoreListener): void {
    this.subscriber.listen(this.name(channel), listener);
  }

  async ping(): Promise<void> {
    await this.answered(this.servers.probe(PROBE_MS));
  }

  close(): Promise<void> {
    clearInterval(this.timer);
    this.outage.end();
    this.subscriber.close();
    this.servers.close();
    return Promise.resolve();
  }

  /** @throws AppError STORE_UNAVAILABLE */
  private run<T>(key: string, command: (redis: Redis, name: string) => Promise<T>): Promise<T> {
    const name = this.name(key);
    return this.answered(this.servers.send(name, (redis) => command(redis, name)));
  }

  private async answered<T>(reply: Promise<T>): Promise<T> {
    try {
      return await reply;
    } catch (error) {
      // Why there is no connection is told once, and not again with every request.
      throw new AppError('STORE_UNAVAILABLE', error instanceof NotSent ? {} : { cause: error });
    }
  }

  private async handshake(redis: Redis, probeKey: string | null): Promise<void> {
    const { evictionPolicy, saysMemory } = await handshake(redis, this.config, probeKey, this.pulse);
    this.saysMemory = saysMemory;
    if (evictionPolicy === null || evictionPolicy === 'noeviction' || this.hasWarned) return;
    this.hasWarned = true;
    this.outage.warn(
      `Redis evicts keys when its memory is full (maxmemory-policy ${evictionPolicy}): marks of used codes may vanish before their time. Set noeviction.`,
    );
  }

  /** Another server may have the role now: who listens at the old one would hear nothing. */
  private reconnected(): void {
    if (!this.isFirst) this.subscriber.renew();
    this.isFirst = false;
  }

  /** Never rejects. */
  private async beat(): Promise<void> {
    if (this.isPulsing) return;
    this.isPulsing = true;
    await Promise.all([
      this.servers.review(),
      this.ping().catch(() => undefined),
      this.subscriber.check((channel) => this.servers.send(channel, (redis) => redis.publish(channel, ''))),
      this.lookAtMemory(),
    ]);
    this.isPulsing = false;
  }

  /** Not where the ACL refuses INFO. */
  private async lookAtMemory(): Promise<void> {
    if (!this.saysMemory) return;
    try {
      const facts = await this.servers.memoryInfo();
      this.hasRoom = facts.every((text) => usedShare(text) < SHARE_OF_BEGINNERS);
    } catch {
      // A server that does not answer refuses writes by itself.
    }
  }

  /** Channels are one space for all databases of a Redis. */
  private name(key: string): string {
    return `${this.config.prefix}${key}`;
  }
}

/** How much of maxmemory is used; 0 where there is none. */
function usedShare(info: string): number {
  const number = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const limit = number('maxmemory');
  return limit === 0 ? 0 : number('used_memory') / limit;
}
