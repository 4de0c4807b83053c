import { Redis } from 'ioredis';
import { inTime } from '../../common/in-time.js';
import type { OutageLog } from '../outage-log.js';
import {
  connectFault,
  describe,
  isEnded,
  isLate,
  LastingFault,
  NoAnswer,
  NotSent,
  verdictOf,
} from './faults.js';

/** A server by name or address, IPv6 without brackets. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** How any server of a deployment is spoken to. */
export interface RedisLogin {
  readonly user: string | null;
  readonly password: string | null;
  readonly tls: { readonly ca: string | null } | null;
}

/** The whole time of a command: waiting for a connection, the answer, and once more where it was refused unexecuted. */
export const COMMAND_TIMEOUT_MS = 1_000;
/** TCP and TLS, and again for the first words. */
const CONNECT_TIMEOUT_MS = 1_000;
/** What a connection that is given up may take to say goodbye; answers that are under way still arrive. */
const GOODBYE_MS = 100;
/** A server that cannot write is tried anew once in this time. */
const RENEW_EVERY_MS = 2_000;
/** Between a refusal and the second try. */
const PAUSE_MS = 50;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;

const ENDED_BY_GREETING =
  'it closed the connection at the first words (if it speaks TLS only, write rediss:// in REDIS_URL)';

/** What is said on a new connection before anybody uses it. Rejects where the server is not fit. */
export type Handshake = (redis: Redis) => Promise<void>;

/** Where and how to connect. */
export interface ConnectionPlan {
  /** In lines for the operator. */
  readonly name: string;
  readonly login: RedisLogin;
  /** Asked before each connection: the primary moves. */
  locate(): Promise<RedisAddress>;
  readonly handshake: Handshake;
  /** Told of each connection that is fit for use. */
  readonly onUsable?: (redis: Redis) => void;
}

/**
 * One connection that renews itself, for ever. Each try is a client of its own that never reconnects: what it sends
 * goes to the server that passed the handshake, at once or not at all.
 */
export class RedisConnection {
  private redis: Redis | null = null;
  private address: RedisAddress | null = null;
  private isClosed = false;
  private wasUsable = false;
  private failures = 0;
  /** Since when there is no connection (ms of `performance.now`). Who comes soon after waits for the next one. */
  private lostAt = performance.now();
  private renewedAt = -Infinity;
  private retry: NodeJS.Timeout | undefined;
  private readonly waiting = new Set<() => void>();
  /** Stands for the writes in the log of the outage. */
  private readonly writes = {};
  private readonly verdict: Promise<Error | null>;
  private settleVerdict: (error: Error | null) => void = () => undefined;
  private lastFault: Error = new NotSent('not connected yet');

  constructor(
    private readonly plan: ConnectionPlan,
    private readonly outage: OutageLog,
  ) {
    this.verdict = new Promise((resolve) => {
      this.settleVerdict = resolve;
    });
    void this.open();
  }

  /** How the first try came out: `null` where the connection is fit for use. Never rejects. */
  get firstVerdict(): Promise<Error | null> {
    return this.verdict;
  }

  get isUsable(): boolean {
    return this.redis?.stream.writable === true;
  }

  /** The server that it is connected to. */
  get server(): RedisAddress | null {
    return this.address;
  }

  /**
   * Sends a command and waits for its answer. What was certainly not executed is sent again, once.
   * @param until ms of `performance.now`
   * @throws NotSent, NoAnswer, what the server answers, or what ended the connection meanwhile
   */
  async send<T>(command: (redis: Redis) => Promise<T>, until: number): Promise<T> {
    try {
      return await this.sendOnce(command, until);
    } catch (error) {
      if (verdictOf(error)?.again !== true || performance.now() + PAUSE_MS >= until) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      return this.sendOnce(command, until);
    }
  }

  /** The same without a second try. */
  async sendOnce<T>(command: (redis: Redis) => Promise<T>, until: number): Promise<T> {
    const redis = await this.usable(until);
    const sentAt = performance.now();
    try {
      return await inTime(command(redis), Math.max(1, Math.round(until - sentAt)), () => new NoAnswer());
    } catch (error) {
      this.judge(error, redis, performance.now() - sentAt);
      throw error;
    }
  }

  /** Gives a connection up for a new one; that is no outage unless the new one does not come about. */
  renew(): void {
    const { redis } = this;
    if (!redis) return;
    this.lost(redis, new NotSent('the connection is being renewed'));
    redis.disconnect();
  }

  /** Gives a connection up that has not done what it should. */
  fail(reason: Error): void {
    if (this.redis) this.giveUp(this.redis, reason);
  }

  /** A write was taken: what was said of a server that takes none is over. */
  wrote(): void {
    this.outage.well(this.writes);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.retry);
    this.outage.well(this);
    this.outage.well(this.writes);
    this.redis?.disconnect();
    this.redis = null;
    this.settleVerdict(this.lastFault);
    this.wake();
  }

  private async usable(until: number): Promise<Redis> {
    for (;;) {
      const { redis } = this;
      if (redis?.stream.writable === true) return redis;
      // The server has ended it, and the client has not noticed yet.
      if (redis) this.renew();
      const now = performance.now();
      if (this.isClosed || now >= Math.min(until, this.lostAt + COMMAND_TIMEOUT_MS)) {
        throw new NotSent(describe(this.lastFault), { cause: this.lastFault });
      }
      await this.next(Math.min(until, this.lostAt + COMMAND_TIMEOUT_MS) - now);
    }
  }

  /** Until the connection is usable, or the time is over. */
  private next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.ceil(ms));
      this.waiting.add(done);
    });
  }

  private wake(): void {
    for (const done of [...this.waiting]) done();
  }

  private judge(error: unknown, redis: Redis, waited: number): void {
    if (error instanceof NoAnswer) {
      // A command that had only the rest of its time says nothing about the server.
      if (waited >= COMMAND_TIMEOUT_MS / 2) this.giveUp(redis, error);
      return;
    }
    const verdict = verdictOf(error);
    if (!verdict || !(error instanceof Error)) return;
    // A connection comes back by its handshake; a server that cannot write only by a write.
    if (verdict.renew !== 'now') this.outage.trouble(this.writes, this.line(error));
    if (verdict.renew === 'now') this.giveUp(redis, error);
    if (verdict.renew === 'slowly' && performance.now() - this.renewedAt > RENEW_EVERY_MS) {
      this.renewedAt = performance.now();
      this.giveUp(redis, error);
    }
  }

  private giveUp(redis: Redis, reason: Error): void {
    if (this.redis !== redis) return;
    this.tell(reason);
    this.lost(redis, reason);
    redis.disconnect();
  }

  private lost(redis: Redis, reason: Error): void {
    if (this.redis !== redis) return;
    this.redis = null;
    this.address = null;
    this.lostAt = performance.now();
    this.lastFault = reason;
    this.again();
  }

  private again(): void {
    if (this.isClosed) return;
    const delay = Math.min(FIRST_RETRY_MS * 2 ** this.failures, LAST_RETRY_MS);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.open(), this.failures === 0 ? 0 : delay);
    this.failures = Math.min(this.failures + 1, 10);
  }

  private async open(): Promise<void> {
    let redis: Redis | null = null;
    try {
      const address = await this.plan.locate();
      if (this.isClosed) return;
      redis = await connect(address, this.plan.login, (error) => this.lost(error.client, error.reason));
      await inTime(this.plan.handshake(redis), CONNECT_TIMEOUT_MS, () => new NoAnswer());
      if (!redis.stream.writable) throw new NotSent('the connection was closed');
      this.use(redis, address);
    } catch (error) {
      redis?.disconnect();
      if (isEnded(error) && this.plan.login.tls === null) this.failed(new NotSent(ENDED_BY_GREETING));
      else this.failed(error instanceof Error ? error : new Error(describe(error)));
    }
  }

  private use(redis: Redis, address: RedisAddress): void {
    if (this.isClosed) {
      redis.disconnect();
      return;
    }
    this.redis = redis;
    this.address = address;
    this.wasUsable = true;
    this.failures = 0;
    this.outage.well(this);
    this.plan.onUsable?.(redis);
    this.settleVerdict(null);
    this.wake();
  }

  private failed(error: Error): void {
    if (this.isClosed) return;
    this.lastFault = error;
    this.tell(error);
    this.settleVerdict(error);
    // Who comes waits for a connection that was lost a moment ago, not for one that never was.
    if (!this.wasUsable) {
      this.lostAt = -Infinity;
      this.wake();
    }
    if (error instanceof LastingFault) this.failures = 10;
    this.again();
  }

  private tell(error: Error): void {
    if (this.isClosed) return;
    this.outage.trouble(this, this.line(error));
  }

  private line(error: Error): string {
    return `Redis at ${this.plan.name} cannot be used: ${describe(error)}`;
  }
}

/** A client of one connection, without password: that is said in the handshake, where its refusal can be read. */
export async function connect(
  { host, port }: RedisAddress,
  { tls }: Pick<RedisLogin, 'tls'>,
  onEnd: (end: { client: Redis; reason: Error }) => void = () => undefined,
): Promise<Redis> {
  const redis = new Redis({
    host,
    port,
    lazyConnect: true,
    retryStrategy: null,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    disableClientInfo: true,
    protocol: 2,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: GOODBYE_MS,
    ...(tls ? { tls: tls.ca === null ? {} : { ca: tls.ca } } : {}),
  });
  const faults: Error[] = [];
  redis.on('error', (error: Error) => {
    if (faults.length === 0) faults.push(error);
  });
  redis.once('end', () =>
    onEnd({ client: redis, reason: faults[0] ?? new NotSent('the connection was closed') }),
  );
  try {
    await inTime(redis.connect(), CONNECT_TIMEOUT_MS + GOODBYE_MS, () => new NoAnswer());
    return redis;
  } catch (error) {
    redis.disconnect();
    const fault = faults[0] ?? error;
    // A server without TLS waits for the end of what it takes for a command.
    if (tls && isLate(fault)) throw new NotSent('no answer to TLS in time: it may not speak TLS');
    throw connectFault(fault);
  }
}

/** Says who is there. The server's refusal is in the answer to this, or to what follows it at once. */
export function authenticate(
  redis: Redis,
  { user, password }: Pick<RedisLogin, 'user' | 'password'>,
): Promise<unknown> {
  if (password === null) return Promise.resolve();
  return user === null ? redis.auth(password) : redis.auth(user, password);
}
