import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type Attempt, type AttemptState, isFinal, stateOf } from '../../attempt/attempt.js';
import { Attempts } from '../../attempt/attempts.js';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { addressGroup } from '../../http/ip-address.js';
import { Metrics } from '../../common/metrics.js';
import { AppConfig } from '../../config/app-config.js';
import { routeQuota } from '../../rate-limit/quotas.js';

/** A browser that waits. */
export interface Waiter {
  /** A new state. `version` counts the steps of the attempt. After a final one comes `end`. */
  tell(state: AttemptState, version: number): void;
  /** So that nobody on the way holds the line for dead. */
  beat(): void;
  /** Nothing will follow. */
  end(): void;
}

interface Waiting {
  readonly waiter: Waiter;
  /** Whose it is in the count of streams: a group of addresses. */
  readonly from: string;
  /** When the stream is over (ms). */
  readonly endsAt: number;
  /** When it gets a heartbeat and a look into the store (ms). */
  turnAt: number;
  attempt: Attempt;
  told: { readonly version: number; readonly status: AttemptState['status'] } | null;
}

const TICK_MS = 1_000;
/** A waiter's turn comes once in so many ticks; those who came together take different ones. */
const TURNS = 15;
/** How long one stream lasts at most: a browser that still waits connects anew. */
const LIFETIME_MS = 5 * 60 * 1_000;
/** How fast all are looked up again after the store was away. */
const LOOKS_PER_MS = 5;
/** Streams for one attempt: its tabs. The oldest gives way. */
const MAX_PER_ATTEMPT = 8;
/** A stream counts as so many polls in a minute: of one address (of IPv6 the /64) 2,000 are open at a time. */
const POLLS_PER_STREAM = 6;

/**
 * Who waits for which attempt, on this instance. A step on any instance is heard and looked up once, however many
 * wait for it. What a lost message would have said, and what only time says, is found by looking: when the
 * attempt's time is over, and when the waiter's turn comes, every 15 seconds. One timer serves all.
 */
@Injectable()
export class LiveStatus implements OnModuleInit, OnModuleDestroy {
  private readonly waiting = new Map<string, Set<Waiting>>();
  /** How many wait from which group of addresses. */
  private readonly streams = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private opened = 0;
  private stopping = false;

  constructor(
    private readonly attempts: Attempts,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.metrics.waiters(() => this.size);
    this.attempts.listen(
      (key) => void this.look(key),
      () => this.lookAtAll(),
    );
    this.timer = setInterval(() => this.tick(), TICK_MS).unref();
  }

  /** Streams would hold the end of the server up. */
  onModuleDestroy(): void {
    this.stopping = true;
    clearInterval(this.timer);
    for (const all of this.waiting.values()) for (const each of all) each.waiter.end();
    this.waiting.clear();
  }

  /** How many wait on this instance. */
  get size(): number {
    let size = 0;
    for (const all of this.waiting.values()) size += all.size;
    return size;
  }

  /**
   * Whether one more stream of an address is taken; who is refused may poll instead.
   * @throws AppError RATE_LIMITED
   */
  requireRoom(ip: string): void {
    const { on, quotas } = this.config.rateLimits;
    if (!on) return;
    const polls = quotas['attempt-status'] ?? routeQuota('attempt-status').perAddress;
    const limit = Math.max(1, Math.floor(polls / POLLS_PER_STREAM));
    if ((this.streams.get(addressGroup(ip)) ?? 0) < limit) return;
    throw new AppError('RATE_LIMITED', { detail: `One address may follow ${limit} attempts at a time.` });
  }

  /**
   * Tells a waiter where its attempt stands, and what follows.
   * @param ip of the browser
   * @param seen the version that the browser has heard of already
   * @returns what to call when the browser has gone
   */
  wait(key: string, attempt: Attempt, waiter: Waiter, seen: number | null, ip: string): () => void {
    const openedAt = this.clock.now();
    const state = stateOf(attempt, openedAt);
    // A final state is told again: what time alone has changed has no version of its own.
    const isKnown = seen === attempt.version && !isFinal(state);
    const told = isKnown ? { version: seen, status: state.status } : null;
    const turnAt = openedAt + TICK_MS * (1 + (this.opened++ % TURNS));
    const from = addressGroup(ip);
    this.streams.set(from, (this.streams.get(from) ?? 0) + 1);
    const each: Waiting = { waiter, from, endsAt: openedAt + LIFETIME_MS, turnAt, attempt, told };
    const all = this.waiting.get(key) ?? new Set();
    this.waiting.set(key, all.add(each));
    const [oldest] = all;
    if (all.size > MAX_PER_ATTEMPT && oldest) this.dismiss(key, oldest);
    this.tell(key, each, attempt);
    if (this.stopping) this.dismiss(key, each);
    // A step between the reading of the attempt and now was heard before this waiter was there.
    else if (!isFinal(state)) void this.look(key);
    return () => this.forget(key, each);
  }

  private tick(): void {
    const now = this.clock.now();
    for (const [key, all] of this.waiting) {
      let isDue = false;
      for (const each of all) {
        if (now >= each.turnAt) each.waiter.beat();
        // Not told from memory: a late scan that went unheard has prolonged it.
        isDue ||= now >= each.turnAt || now >= each.attempt.expiresAt || now >= each.endsAt;
        if (now >= each.turnAt) each.turnAt = now + TURNS * TICK_MS;
      }
      if (isDue) void this.look(key);
    }
  }

  /** After the store was away. Spread over the ticks that follow, for it may be ten thousand. */
  private lookAtAll(): void {
    let delay = 0;
    for (const key of this.waiting.keys()) {
      setTimeout(() => void this.look(key), Math.floor(delay++ / LOOKS_PER_MS)).unref();
    }
  }

  private async look(key: string): Promise<void> {
    if (!this.waiting.has(key)) return;
    const found = await this.attempts.read(key).catch(() => 'store away' as const);
    for (const each of this.waiting.get(key) ?? []) {
      // What is known here still says when its time is over.
      if (found === 'store away') this.tell(key, each, each.attempt);
      else if (found === null) this.tellLost(key, each);
      else this.tell(key, each, found);
    }
  }

  /** The store came back without the attempt: nobody can confirm it any more, whatever its time says. */
  private tellLost(key: string, each: Waiting): void {
    each.waiter.tell({ status: 'expired' }, each.attempt.version);
    this.dismiss(key, each);
  }

  private tell(key: string, each: Waiting, attempt: Attempt): void {
    // Two looks may come back in the wrong order.
    if (attempt.version < each.attempt.version) return;
    each.attempt = attempt;
    const now = this.clock.now();
    const state = stateOf(attempt, now);
    if (each.told?.version !== attempt.version || each.told.status !== state.status) {
      each.told = { version: attempt.version, status: state.status };
      each.waiter.tell(state, attempt.version);
    }
    // Not before: attempt and stream may be over at the same time, and nobody shall have to come back to hear it.
    if (isFinal(state) || now >= each.endsAt) this.dismiss(key, each);
  }

  private dismiss(key: string, each: Waiting): void {
    this.forget(key, each);
    each.waiter.end();
  }

  private forget(key: string, each: Waiting): void {
    const all = this.waiting.get(key);
    if (all?.delete(each)) this.release(each.from);
    if (all?.size === 0) this.waiting.delete(key);
  }

  private release(from: string): void {
    const left = (this.streams.get(from) ?? 0) - 1;
    if (left > 0) this.streams.set(from, left);
    else this.streams.delete(from);
  }
}
