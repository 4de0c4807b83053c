import { Redis } from 'ioredis';
import { AppError } from '../common/app-error.js';
import { inTime } from '../common/in-time.js';
import { EphemeralStore, type StoreListener } from './ephemeral-store.js';

const PREFIX = 'wechat-auth:';
const COMMAND_TIMEOUT_MS = 1_000;

/** Compares and sets in one step (Redis runs a script as a whole). */
const REPLACE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

/** The store of several instances. A command fails fast while Redis is away; ioredis reconnects by itself. */
export class RedisStore extends EphemeralStore {
  private readonly redis: Redis;
  /** A connection that listens can do nothing else; made when somebody listens. */
  private ear: Redis | null = null;
  private readonly listeners = new Map<string, StoreListener[]>();

  /** @param onError told of each lost connection, never of a value */
  constructor(
    url: string,
    private readonly onError: (error: Error) => void,
  ) {
    super();
    this.redis = new Redis(url, {
      keyPrefix: PREFIX,
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: COMMAND_TIMEOUT_MS,
      // For what ioredis itself asks of a new connection; it takes a stall of this process for one of Redis.
      commandTimeout: 2 * COMMAND_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
    });
    this.redis.on('error', onError);
  }

  /** Waits for the first connection; where there is none yet, the service starts and is not ready. */
  async connect(): Promise<void> {
    await this.redis.connect().catch(() => undefined);
  }

  get(key: string): Promise<string | null> {
    return reached(this.redis.get(key));
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    await reached(this.redis.set(key, value, 'PX', ttl));
  }

  async setIfAbsent(key: string, value: string, ttl: number): Promise<boolean> {
    return (await reached(this.redis.set(key, value, 'PX', ttl, 'NX'))) === 'OK';
  }

  async replace(key: string, expected: string, value: string, ttl: number): Promise<boolean> {
    return (await reached(this.redis.eval(REPLACE, 1, key, expected, value, ttl))) === 1;
  }

  take(key: string): Promise<string | null> {
    return reached(this.redis.getdel(key));
  }

  async delete(key: string): Promise<void> {
    await reached(this.redis.del(key));
  }

  async count(key: string, window: number): Promise<number> {
    // The first command begins the window, the second counts in it; neither can run without the other.
    const replies = await reached(this.redis.multi().set(key, 0, 'PX', window, 'NX').incr(key).exec());
    const [error, counted] = replies?.[1] ?? [new Error('the transaction was not run'), 0];
    if (error) throw new AppError('STORE_UNAVAILABLE', { cause: error });
    return Number(counted);
  }

  async publish(channel: string, message: string): Promise<void> {
    await reached(this.redis.publish(this.channelName(channel), message));
  }

  listen(channel: string, listener: StoreListener): void {
    const name = this.channelName(channel);
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
    this.ear ??= this.openEar();
    if (this.ear.status === 'ready') void this.subscribe(this.ear);
  }

  async ping(): Promise<void> {
    await reached(this.redis.ping());
  }

  close(): Promise<void> {
    this.ear?.disconnect();
    this.redis.disconnect();
    return Promise.resolve();
  }

  /** Subscribes whenever it is connected, and reconnects by itself, for ever. */
  private openEar(): Redis {
    const ear = this.redis.duplicate({ autoResubscribe: false, commandTimeout: undefined });
    ear.on('error', this.onError);
    ear.on('ready', () => void this.subscribe(ear));
    ear.on('message', (name: string, message: string) =>
      this.listeners.get(name)?.forEach((listener) => listener.heard(message)),
    );
    void ear.connect().catch(() => undefined);
    return ear;
  }

  private async subscribe(ear: Redis): Promise<void> {
    try {
      await ear.subscribe(...this.listeners.keys());
      for (const listeners of this.listeners.values()) listeners.forEach((listener) => listener.missed());
    } catch {
      // The connection was lost again: the next one subscribes.
    }
  }

  /** Channels are one space for all databases of a Redis, and ioredis does not prefix them. */
  private channelName(channel: string): string {
    return `${this.redis.options.keyPrefix ?? ''}${channel}`;
  }
}

async function reached<T>(command: Promise<T>): Promise<T> {
  try {
    return await inTime(command, COMMAND_TIMEOUT_MS, () => new Error('no answer in time'));
  } catch (error) {
    throw new AppError('STORE_UNAVAILABLE', { cause: error });
  }
}
