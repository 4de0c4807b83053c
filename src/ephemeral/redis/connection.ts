import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { withTimeout } from '../../common/with-timeout.js';
import type { OutageLog } from '../outage-log.js';
import {
  connectFault,
  describe,
  isConnectionClosed,
  isConnectTimeout,
  PermanentFault,
  NoAnswer,
  NotSent,
  verdictOf,
} from './faults.js';
import { type SentCommand, Turn } from './turn.js';

/** A server by host name or IP address. IPv6 is without brackets. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** Credentials and TLS settings for all servers of a deployment. */
export interface RedisLogin {
  readonly user: string | null;
  readonly password: string | null;
  readonly tls: { readonly ca: string | null } | null;
}

/**
 * Total time of a command (ms): the wait for a connection, the answer, and one retry if it was not executed.
 */
export const COMMAND_TIMEOUT_MS = 1_000;
/** Timeout of TCP and TLS connect, and again of the handshake (ms). */
const CONNECT_TIMEOUT_MS = 1_000;
/** Time for a clean disconnect (ms). Outstanding replies may still arrive. */
const DISCONNECT_TIMEOUT_MS = 100;
/** Minimum interval between reconnects to a server that cannot write (ms). */
const RENEW_EVERY_MS = 2_000;
/** Pause before the retry of a refused command (ms). */
const RETRY_PAUSE_MS = 50;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;

const CLOSED_IN_HANDSHAKE =
  'it closed the connection at the first words (if it speaks TLS only, write rediss:// in REDIS_URL)';

/** The commands that check a new connection before its use. Rejects if the server is unsuitable. */
export type Handshake = (redis: Redis) => Promise<void>;

/** Where and how to connect. */
export interface ConnectionPlan {
  /** Name for messages to the operator. */
  readonly name: string;
  readonly login: RedisLogin;
  /** Called before each connection attempt, because the primary may have moved. */
  locate(): Promise<RedisAddress>;
  readonly handshake: Handshake;
  /** Called with each connection that passed the handshake. */
  readonly onUsable?: (redis: Redis) => void;
}

/**
 * One connection that reconnects forever. Each attempt uses a new client that never reconnects by itself: a
 * command goes to the server that passed the handshake, immediately or not at all.
 */
export class RedisConnection {
  private redis: Redis | null = null;
  private address: RedisAddress | null = null;
  private isClosed = false;
  private wasUsable = false;
  private failures = 0;
  /**
   * When the connection was lost (`performance.now()`). Commands that follow shortly after wait for the next
   * connection.
   */
  private lostAt = performance.now();
  private renewedAt = -Infinity;
  private retry: NodeJS.Timeout | undefined;
  private readonly waiting = new Set<() => void>();
  private turn: Turn | null = null;
  /** Key for the failure of writes in the outage log. */
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

  /** Outcome of the first attempt: `null` if the connection is usable. Never rejects. */
  get firstOutcome(): Promise<Error | null> {
    return this.verdict;
  }

  get isUsable(): boolean {
    return this.usable() !== null;
  }

  /** The server that it is connected to. */
  get server(): RedisAddress | null {
    return this.address;
  }

  /**
   * Sends a command and waits for the reply. A command that was certainly not executed is retried once.
   * @param until deadline (`performance.now()`)
   * @throws NotSent, NoAnswer, the server's error reply, or the error that closed the connection
   */
  send<T>(command: (redis: Redis) => Promise<T>, until: number): Promise<T> {
    return new Promise((resolve, reject) =>
      this.attempt(command, until, resolve, (error) => {
        if (verdictOf(error)?.retriable !== true || performance.now() + RETRY_PAUSE_MS >= until)
          reject(error);
        else
          sleep(RETRY_PAUSE_MS)
            .then(() => this.sendOnce(command, until))
            .then(resolve, reject);
      }),
    );
  }

  /** The same without a retry. */
  sendOnce<T>(command: (redis: Redis) => Promise<T>, until: number): Promise<T> {
    return new Promise((resolve, reject) => this.attempt(command, until, resolve, reject));
  }

  /** Callbacks instead of a promise at each step: every request sends several commands. */
  private attempt<T>(
    command: (redis: Redis) => Promise<T>,
    until: number,
    resolve: (reply: T) => void,
    reject: (error: Error) => void,
  ): void {
    const redis = this.usable();
    if (redis === null) {
      this.waitUntilUsable(until)
        .then(() => this.attempt(command, until, resolve, reject))
        .catch((error: unknown) => reject(asError(error)));
      return;
    }
    const turn = this.turnOf(redis);
    const fail = (error: unknown, waited = 0): void => {
      this.applyVerdict(error, redis, waited);
      reject(asError(error));
    };
    const patience = Math.max(1, Math.round(until - performance.now()));
    const sent: SentCommand = { patience, giveUp: (waited) => fail(new NoAnswer(), waited) };
    turn.add(sent);
    command(redis).then(
      (reply) => {
        if (turn.settle(sent)) resolve(reply);
      },
      (error: unknown) => {
        if (turn.settle(sent)) fail(error);
      },
    );
  }

  private turnOf(redis: Redis): Turn {
    if (this.turn === null || this.turn.hasLeft || this.turn.redis !== redis) this.turn = new Turn(redis);
    return this.turn;
  }

  /** Replaces the connection. This counts as an outage only if the new connection fails. */
  renew(): void {
    const { redis } = this;
    if (!redis) return;
    this.markLost(redis, new NotSent('the connection is being renewed'));
    redis.disconnect();
  }

  /** Closes a connection that misbehaved. */
  fail(reason: Error): void {
    if (this.redis) this.replace(this.redis, reason);
  }

  /** A write succeeded, so a reported failure of writes has ended. */
  writeSucceeded(): void {
    this.outage.recovered(this.writes);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.retry);
    this.outage.recovered(this);
    this.outage.recovered(this.writes);
    this.redis?.disconnect();
    this.redis = null;
    this.settleVerdict(this.lastFault);
    this.wake();
  }

  private usable(): Redis | null {
    const { redis } = this;
    return redis?.stream.writable === true ? redis : null;
  }

  private async waitUntilUsable(until: number): Promise<void> {
    while (!this.isUsable) {
      // The server closed the connection, and the client has not noticed yet.
      if (this.redis) this.renew();
      const now = performance.now();
      if (this.isClosed || now >= Math.min(until, this.lostAt + COMMAND_TIMEOUT_MS)) {
        throw new NotSent(describe(this.lastFault), { cause: this.lastFault });
      }
      await this.waitForConnection(Math.min(until, this.lostAt + COMMAND_TIMEOUT_MS) - now);
    }
  }

  /** Resolves when the connection is usable or the time has elapsed. */
  private waitForConnection(ms: number): Promise<void> {
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

  private applyVerdict(error: unknown, redis: Redis, waited: number): void {
    if (error instanceof NoAnswer) {
      // A timeout after only a short wait says nothing about the server.
      if (waited >= COMMAND_TIMEOUT_MS / 2) this.replace(redis, error);
      return;
    }
    const verdict = verdictOf(error);
    if (!verdict || !(error instanceof Error)) return;
    // A lost connection recovers by its handshake. A server that cannot write recovers only by a successful
    // write.
    if (verdict.renew !== 'now') this.outage.report(this.writes, this.faultLine(error));
    if (verdict.renew === 'now') this.replace(redis, error);
    if (verdict.renew === 'slowly' && performance.now() - this.renewedAt > RENEW_EVERY_MS) {
      this.renewedAt = performance.now();
      this.replace(redis, error);
    }
  }

  private replace(redis: Redis, reason: Error): void {
    if (this.redis !== redis) return;
    this.logFault(reason);
    this.markLost(redis, reason);
    redis.disconnect();
  }

  private markLost(redis: Redis, reason: Error): void {
    if (this.redis !== redis) return;
    this.redis = null;
    this.address = null;
    this.lostAt = performance.now();
    this.lastFault = reason;
    this.scheduleRetry();
  }

  private scheduleRetry(): void {
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
      redis = await connect(address, this.plan.login, (error) => this.markLost(error.client, error.reason));
      await withTimeout(this.plan.handshake(redis), CONNECT_TIMEOUT_MS, () => new NoAnswer());
      if (!redis.stream.writable) throw new NotSent('the connection was closed');
      this.adopt(redis, address);
    } catch (error) {
      redis?.disconnect();
      if (isConnectionClosed(error) && this.plan.login.tls === null)
        this.attemptFailed(new NotSent(CLOSED_IN_HANDSHAKE));
      else this.attemptFailed(asError(error));
    }
  }

  private adopt(redis: Redis, address: RedisAddress): void {
    if (this.isClosed) {
      redis.disconnect();
      return;
    }
    this.redis = redis;
    this.address = address;
    this.wasUsable = true;
    this.failures = 0;
    this.outage.recovered(this);
    this.plan.onUsable?.(redis);
    this.settleVerdict(null);
    this.wake();
  }

  private attemptFailed(error: Error): void {
    if (this.isClosed) return;
    this.lastFault = error;
    this.logFault(error);
    this.settleVerdict(error);
    // Commands wait for a connection that was just lost, but not for one that never existed.
    if (!this.wasUsable) {
      this.lostAt = -Infinity;
      this.wake();
    }
    if (error instanceof PermanentFault) this.failures = 10;
    this.scheduleRetry();
  }

  private logFault(error: Error): void {
    if (this.isClosed) return;
    this.outage.report(this, this.faultLine(error));
  }

  private faultLine(error: Error): string {
    return `Redis at ${this.plan.name} cannot be used: ${describe(error)}`;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(describe(error));
}

/**
 * Creates a client for one connection. The password is sent in the handshake instead, where a refusal can be
 * reported.
 */
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
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
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
    await withTimeout(redis.connect(), CONNECT_TIMEOUT_MS + DISCONNECT_TIMEOUT_MS, () => new NoAnswer());
    return redis;
  } catch (error) {
    redis.disconnect();
    const fault = faults[0] ?? error;
    // A server without TLS waits for the rest of what it takes for a command.
    if (tls && isConnectTimeout(fault)) throw new NotSent('no answer to TLS in time: it may not speak TLS');
    throw connectFault(fault);
  }
}

/** Sends AUTH. A refusal shows in this reply or in the replies to the commands sent with it. */
export function authenticate(
  redis: Redis,
  { user, password }: Pick<RedisLogin, 'user' | 'password'>,
): Promise<unknown> {
  if (password === null) return Promise.resolve();
  return user === null ? redis.auth(password) : redis.auth(user, password);
}
