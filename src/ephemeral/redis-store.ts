import { Redis } from 'ioredis';
import { AppError } from '../common/app-error.js';
import { inTime } from '../common/in-time.js';
import { EphemeralStore, type StoreListener } from './ephemeral-store.js';

const PREFIX = 'wechat-auth:';
const COMMAND_TIMEOUT_MS = 1_000;
/** How often a connection that listens is asked whether it is alive: nothing else would tell. */
const EAR_CHECK_MS = 2_000;
/** What a connection that is given up may take to say goodbye, before the next one is opened. */
const GOODBYE_MS = 100;

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
  private earCheck: NodeJS.Timeout | undefined;
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
      disconnectTimeout: GOODBYE_MS,
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
    return this.reached(this.redis.get(key));
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    await this.reached(this.redis.set(key, value, 'PX', ttl));
  }

  begin(key: string, value: string, ttl: number): Promise<void> {
    return this.set(key, value, ttl);
  }

  async setIfAbsent(key: string, value: string, ttl: number): Promise<boolean> {
    return (await this.reached(this.redis.set(key, value, 'PX', ttl, 'NX'))) === 'OK';
  }

  async replace(key: string, expected: string, value: string, ttl: number): Promise<boolean> {
    return (await this.reached(this.redis.eval(REPLACE, 1, key, expected, value, ttl))) === 1;
  }

  take(key: string): Promise<string | null> {
    return this.reached(this.redis.getdel(key));
  }

  async delete(key: string): Promise<void> {
    await this.reached(this.redis.del(key));
  }

  async count(key: string, window: number): Promise<number> {
    // The first command begins the window, the second counts in it; neither can run without the other.
    const replies = await this.reached(this.redis.multi().set(key, 0, 'PX', window, 'NX').incr(key).exec());
    const [error, counted] = replies?.[1] ?? [new Error('the transaction was not run'), 0];
    if (error) throw new AppError('STORE_UNAVAILABLE', { cause: error });
    return Number(counted);
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.reached(this.redis.publish(this.channelName(channel), message));
  }

  listen(channel: string, listener: StoreListener): void {
    const name = this.channelName(channel);
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
    this.ear ??= this.openEar();
    if (this.ear.status === 'ready') void this.subscribe(this.ear);
  }

  async ping(): Promise<void> {
    await this.reached(this.redis.ping());
  }

  close(): Promise<void> {
    clearInterval(this.earCheck);
    this.ear?.disconnect();
    this.redis.disconnect();
    return Promise.resolve();
  }

  /** Subscribes whenever it is connected, and reconnects by itself, for ever. */
  private openEar(): Redis {
    const ear = this.redis.duplicate({ autoResubscribe: false });
    ear.on('error', this.onError);
    ear.on('ready', () => void this.subscribe(ear));
    ear.on('message', (name: string, message: string) =>
      this.listeners.get(name)?.forEach((listener) => listener.heard(message)),
    );
    void ear.connect().catch(() => undefined);
    this.earCheck = setInterval(() => {
      void this.answered(ear, ear.ping()).catch(() => undefined);
    }, EAR_CHECK_MS).unref();
    return ear;
  }

  private async subscribe(ear: Redis): Promise<void> {
    try {
      await this.answered(ear, ear.subscribe(...this.listeners.keys()));
      for (const listeners of this.listeners.values()) listeners.forEach((listener) => listener.missed());
    } catch {
      // The connection was lost again: the next one subscribes.
    }
  }

  /** @throws AppError STORE_UNAVAILABLE */
  private async reached<T>(command: Promise<T>): Promise<T> {
    try {
      return await this.answered(this.redis, command);
    } catch (error) {
      throw new AppError('STORE_UNAVAILABLE', { cause: error });
    }
  }

  /**
   * What a connection answers, if it does in time. One that is silent is replaced: where its other end went without a
   * word, nothing would ever come of it, and ioredis would wait for the network to say so.
   */
  private async answered<T>(connection: Redis, command: Promise<T>): Promise<T> {
    try {
      return await inTime(command, COMMAND_TIMEOUT_MS, () => new NoAnswer('no answer in time'));
    } catch (error) {
      // Once for all commands that wait on it. Not while it connects: that has its own limits, and ends for good
      // when it is disturbed.
      if (error instanceof NoAnswer && connection.status === 'ready' && !connection.stream.writableEnded) {
        this.onError(error);
        connection.disconnect(true);
      }
      throw error;
    }
  }

  /** Channels are one space for all databases of a Redis, and ioredis does not prefix them. */
  private channelName(channel: string): string {
    return `${this.redis.options.keyPrefix ?? ''}${channel}`;
  }
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}
