import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { AppError } from '../../common/app-error.js';
import { withTimeout } from '../../common/with-timeout.js';
import { StartFault } from '../../common/start-fault.js';
import type { RedisConfig } from '../../config/app-config.js';
import { EphemeralStore, type StoreListener } from '../ephemeral-store.js';
import { type OperatorLog, OutageLog } from '../outage-log.js';
import { RedisCluster } from './cluster.js';
import { RedisSubscriber } from './subscriber.js';
import { describe, PermanentFault, NotSent } from './faults.js';
import { handshake } from './handshake.js';
import { RedisPrimary } from './primary.js';
import { COUNT, REPLACE } from './scripts.js';
import { deploymentName } from './sentinels.js';
import type { RedisServers } from './servers.js';

/**
 * Upper bound of the wait at startup (ms). Without Redis the service starts anyway, and becomes ready once
 * Redis is reachable.
 */
const START_MS = 1_000;
/** Interval of the write probe and of the subscriber's heartbeat (real time, ms). */
const HEARTBEAT_MS = 2_000;
const PROBE_MS = 10_000;
/** Share of maxmemory up to which `begin` may write. */
const BEGIN_SHARE = 0.8;

/**
 * The store for several instances: a single Redis, the primary that sentinels name, or a cluster. It probes
 * with a write every two seconds, so that it leaves a demoted server before the next login. Every command has
 * one key, so that a cluster can run it (docs/decisions/030-the-shared-store.md).
 */
export class RedisStore extends EphemeralStore {
  private readonly servers: RedisServers;
  private readonly subscriber: RedisSubscriber;
  private readonly outage: OutageLog;
  private readonly heartbeatChannel: string;
  private readonly probeKey: string;
  private timer: NodeJS.Timeout | undefined;
  private isHeartbeatRunning = false;
  private reportsMemory = false;
  private hasRoom = true;
  private isFirst = true;
  private hasWarned = false;

  /** @param operator receives each cause of an outage once, and its end; never a value or a password */
  constructor(
    private readonly config: RedisConfig,
    operator: OperatorLog,
  ) {
    super();
    const instance = randomBytes(6).toString('hex');
    this.heartbeatChannel = this.name(`pulse:${instance}`);
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
            () => this.onReconnect(),
            this.outage,
          );
    this.subscriber = new RedisSubscriber(
      deploymentName(config),
      config,
      this.heartbeatChannel,
      () => this.servers.locateListener(),
      this.outage,
    );
  }

  /**
   * Waits for the first connections, at most one second. If there are none yet, the service starts and is not
   * ready.
   * @throws StartFault for a fault that a retry cannot fix: a wrong password, a missing permission, a refused
   * certificate, a version before 6.2, a cluster node under a plain URL
   */
  async connect(): Promise<void> {
    this.timer = setInterval(() => void this.heartbeat(), HEARTBEAT_MS).unref();
    const verdicts = await Promise.all(
      [this.servers.firstOutcome, this.subscriber.firstOutcome].map((verdict) =>
        withTimeout(verdict, START_MS, () => new NotSent('no answer yet')).catch(() => null),
      ),
    );
    const lasting = verdicts.find((verdict) => verdict instanceof PermanentFault);
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
    await this.servers.probe(PROBE_MS).catch(unavailable);
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
    return this.servers.send(name, (redis) => command(redis, name)).catch(unavailable);
  }

  private async handshake(redis: Redis, probeKey: string | null): Promise<void> {
    const { evictionPolicy, reportsMemory } = await handshake(
      redis,
      this.config,
      probeKey,
      this.heartbeatChannel,
    );
    this.reportsMemory = reportsMemory;
    if (evictionPolicy === null || evictionPolicy === 'noeviction' || this.hasWarned) return;
    this.hasWarned = true;
    this.outage.warn(
      `Redis evicts keys when its memory is full (maxmemory-policy ${evictionPolicy}): marks of used codes may be lost before they expire. Set noeviction.`,
    );
  }

  /** Another server may be the primary now. A subscription on the old one would receive nothing. */
  private onReconnect(): void {
    if (!this.isFirst) this.subscriber.renew();
    this.isFirst = false;
  }

  /** Never rejects. */
  private async heartbeat(): Promise<void> {
    if (this.isHeartbeatRunning) return;
    this.isHeartbeatRunning = true;
    await Promise.all([
      this.servers.review(),
      this.ping().catch(() => undefined),
      this.subscriber.check((channel) => this.servers.send(channel, (redis) => redis.publish(channel, ''))),
      this.checkMemory(),
    ]);
    this.isHeartbeatRunning = false;
  }

  /** Skipped if the ACL forbids INFO. */
  private async checkMemory(): Promise<void> {
    if (!this.reportsMemory) return;
    try {
      const facts = await this.servers.memoryInfo();
      this.hasRoom = facts.every((text) => usedShare(text) < BEGIN_SHARE);
    } catch {
      // A server that does not answer fails the writes anyway.
    }
  }

  /** Channels need the prefix too: they are shared by all databases of a Redis server. */
  private name(key: string): string {
    return `${this.config.prefix}${key}`;
  }
}

/** @throws AppError STORE_UNAVAILABLE */
function unavailable(error: unknown): never {
  // The reason for the missing connection is logged once, not again for every request.
  throw new AppError('STORE_UNAVAILABLE', error instanceof NotSent ? {} : { cause: error });
}

/** The used share of maxmemory. 0 if no limit is set. */
function usedShare(info: string): number {
  const number = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const limit = number('maxmemory');
  return limit === 0 ? 0 : number('used_memory') / limit;
}
