import type { Redis } from 'ioredis';
import type { StoreListener } from '../ephemeral-store.js';
import type { OutageLog } from '../outage-log.js';
import { authenticate, type RedisAddress, RedisConnection, type RedisLogin } from './connection.js';
import { handshakeFault, NoAnswer } from './faults.js';

/** Number of the connection's own heartbeat messages that may be outstanding before it counts as dead. */
const MAX_OUTSTANDING = 2;

/**
 * The connection for SUBSCRIBE. It also subscribes to a heartbeat channel of its own: a message that this
 * instance publishes there must arrive here. This detects a server that lost its role and a connection that
 * the network dropped silently.
 */
export class RedisSubscriber {
  private readonly listeners = new Map<string, StoreListener[]>();
  private readonly connection: RedisConnection;
  private redis: Redis | null = null;
  private outstanding = 0;

  /**
   * @param heartbeatChannel channel that only this instance uses
   * @param locate returns a server that receives the published messages
   */
  constructor(
    name: string,
    private readonly login: RedisLogin,
    private readonly heartbeatChannel: string,
    locate: () => Promise<RedisAddress>,
    outage: OutageLog,
  ) {
    this.connection = new RedisConnection(
      {
        name,
        login,
        locate,
        handshake: (redis) => this.handshake(redis),
        onUsable: (redis) => this.onUsable(redis),
      },
      outage,
    );
  }

  /** Outcome of the first connection attempt: `null` if it is usable. Never rejects. */
  get firstOutcome(): Promise<Error | null> {
    return this.connection.firstOutcome;
  }

  listen(channel: string, listener: StoreListener): void {
    const known = this.listeners.get(channel);
    this.listeners.set(channel, [...(known ?? []), listener]);
    if (this.redis) this.subscribe(this.redis, known ? [] : [channel], [listener]);
  }

  /**
   * Publishes a heartbeat. Closes the connection if earlier heartbeats did not arrive. Never rejects.
   * @param publish resolves once the server has accepted the message
   */
  async check(publish: (channel: string) => Promise<unknown>): Promise<void> {
    if (this.outstanding >= MAX_OUTSTANDING && this.connection.isUsable) this.connection.fail(new NoAnswer());
    try {
      await publish(this.heartbeatChannel);
      this.outstanding++;
    } catch {
      // Nothing was published. The command connection handles its own failure.
    }
  }

  /** Opens a new connection, because messages are now published elsewhere. */
  renew(): void {
    this.connection.renew();
  }

  close(): void {
    this.listeners.clear();
    this.connection.close();
  }

  private async handshake(redis: Redis): Promise<void> {
    redis.on('message', (channel: string, message: string) => this.receive(channel, message));
    const [auth, subscribed] = await Promise.allSettled([
      authenticate(redis, this.login),
      redis.subscribe(this.heartbeatChannel, ...this.listeners.keys()),
    ]);
    if (subscribed.status === 'fulfilled') return;
    const reason: unknown = auth.status === 'rejected' ? auth.reason : subscribed.reason;
    throw handshakeFault('SUBSCRIBE', reason);
  }

  private onUsable(redis: Redis): void {
    this.redis = redis;
    this.outstanding = 0;
    // Channels that were added during the handshake are subscribed now. A second SUBSCRIBE has no effect.
    this.subscribe(redis, [...this.listeners.keys()], [...this.listeners.values()].flat());
  }

  /** Tells the listeners, once they are subscribed, that they may have missed messages. */
  private subscribe(redis: Redis, channels: readonly string[], listeners: readonly StoreListener[]): void {
    if (listeners.length === 0) return;
    const done = channels.length === 0 ? Promise.resolve() : redis.subscribe(...channels);
    done.then(
      () => listeners.forEach((listener) => listener.onMissed()),
      // The connection was lost again. The next one subscribes.
      () => undefined,
    );
  }

  private receive(channel: string, message: string): void {
    if (channel === this.heartbeatChannel) this.outstanding = 0;
    else this.listeners.get(channel)?.forEach((listener) => listener.onMessage(message));
  }
}
