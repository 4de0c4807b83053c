import type { Redis } from 'ioredis';
import type { StoreListener } from '../ephemeral-store.js';
import type { OutageLog } from '../outage-log.js';
import { authenticate, type RedisAddress, RedisConnection, type RedisLogin } from './connection.js';
import { handshakeFault, NoAnswer } from './faults.js';

/** So many of its own messages may be under way, or lost. */
const MAX_UNHEARD = 2;

/**
 * The connection that listens; it can do nothing else. It hears itself: what is published by a command has to arrive
 * here. A connection to a server that has lost its role, or that the network has forgotten, says nothing else.
 */
export class RedisSubscriber {
  private readonly listeners = new Map<string, StoreListener[]>();
  private readonly connection: RedisConnection;
  private redis: Redis | null = null;
  private unheard = 0;

  /**
   * @param pulse a channel of this instance alone
   * @param locate a server that hears what is published
   */
  constructor(
    name: string,
    private readonly login: RedisLogin,
    private readonly pulse: string,
    locate: () => Promise<RedisAddress>,
    outage: OutageLog,
  ) {
    this.connection = new RedisConnection(
      {
        name,
        login,
        locate,
        handshake: (redis) => this.handshake(redis),
        onUsable: (redis) => this.opened(redis),
      },
      outage,
    );
  }

  /** How the first connection came out; `null`: it is usable. Never rejects. */
  get firstVerdict(): Promise<Error | null> {
    return this.connection.firstVerdict;
  }

  listen(channel: string, listener: StoreListener): void {
    const known = this.listeners.get(channel);
    this.listeners.set(channel, [...(known ?? []), listener]);
    if (this.redis) this.subscribe(this.redis, known ? [] : [channel], [listener]);
  }

  /**
   * Publishes to itself, and gives the connection up that has not heard what came before. Never rejects.
   * @param publish resolves once the servers have taken the message
   */
  async check(publish: (channel: string) => Promise<unknown>): Promise<void> {
    if (this.unheard >= MAX_UNHEARD && this.connection.isUsable) this.connection.fail(new NoAnswer());
    try {
      await publish(this.pulse);
      this.unheard++;
    } catch {
      // Nobody was told anything: the connection that speaks has its own trouble.
    }
  }

  /** Opens another connection: where things are published has changed. */
  renew(): void {
    this.connection.renew();
  }

  close(): void {
    this.listeners.clear();
    this.connection.close();
  }

  private async handshake(redis: Redis): Promise<void> {
    redis.on('message', (channel: string, message: string) => this.heard(channel, message));
    const [auth, subscribed] = await Promise.allSettled([
      authenticate(redis, this.login),
      redis.subscribe(this.pulse, ...this.listeners.keys()),
    ]);
    if (subscribed.status === 'fulfilled') return;
    const reason: unknown = auth.status === 'rejected' ? auth.reason : subscribed.reason;
    throw handshakeFault('SUBSCRIBE', reason);
  }

  private opened(redis: Redis): void {
    this.redis = redis;
    this.unheard = 0;
    // Those that came while the handshake was under way are named again: twice is once.
    this.subscribe(redis, [...this.listeners.keys()], [...this.listeners.values()].flat());
  }

  /** Tells the listeners that they may have missed something before, once they hear. */
  private subscribe(redis: Redis, channels: readonly string[], listeners: readonly StoreListener[]): void {
    if (listeners.length === 0) return;
    const done = channels.length === 0 ? Promise.resolve() : redis.subscribe(...channels);
    done.then(
      () => listeners.forEach((listener) => listener.missed()),
      // The connection was lost again: the next one subscribes.
      () => undefined,
    );
  }

  private heard(channel: string, message: string): void {
    if (channel === this.pulse) this.unheard = 0;
    else this.listeners.get(channel)?.forEach((listener) => listener.heard(message));
  }
}
