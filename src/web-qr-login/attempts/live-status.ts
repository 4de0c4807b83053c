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
  /** Sends a state. `version` counts the changes of the attempt. `end` follows a final state. */
  tell(state: AttemptState, version: number): void;
  /** Sends a heartbeat, so that no proxy closes the idle connection. */
  beat(): void;
  /** Closes the stream. */
  end(): void;
}

interface Waiting {
  readonly waiter: Waiter;
  /** Group of addresses under which the stream is counted. */
  readonly from: string;
  /** Deadline of the stream (ms). */
  readonly endsAt: number;
  /** When its next heartbeat and its next read of the store are due (ms). */
  turnAt: number;
  attempt: Attempt;
  told: { readonly version: number; readonly status: AttemptState['status'] } | null;
}

const TICK_MS = 1_000;
/** Ticks between two heartbeats of a waiter. Waiters that connect together get different ticks. */
const TURNS = 15;
/** Maximum duration of a stream. A browser that still waits reconnects. */
const LIFETIME_MS = 5 * 60 * 1_000;
/** How many attempts are read in a millisecond after the store was unavailable. */
const LOOKS_PER_MS = 5;
/** Streams of one attempt, one for each tab. A further one closes the oldest. */
const MAX_PER_ATTEMPT = 8;
/** A stream counts as so many polls in a minute: one address (of IPv6 the /64) may have 2,000 open. */
const POLLS_PER_STREAM = 6;

/**
 * The open streams of this instance, by attempt. A change on any instance is published, and read once for all streams
 * of the attempt. A lost message and an expiry are found by reading the attempt when it expires, and every 15 seconds
 * for each stream. One timer serves all.
 */
@Injectable()
export class LiveStatus implements OnModuleInit, OnModuleDestroy {
  private readonly waiting = new Map<string, Set<Waiting>>();
  /** Number of streams by group of addresses. */
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

  /** Open streams would delay the end of the server. */
  onModuleDestroy(): void {
    this.stopping = true;
    clearInterval(this.timer);
    for (const all of this.waiting.values()) for (const each of all) each.waiter.end();
    this.waiting.clear();
  }

  /** Number of streams on this instance. */
  get size(): number {
    let size = 0;
    for (const all of this.waiting.values()) size += all.size;
    return size;
  }

  /**
   * Refuses a stream where the address has too many. The client may poll instead.
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
   * Sends a waiter the state of its attempt, and each change.
   * @param ip of the browser
   * @param seen the version that the browser has already received; `null` for none
   * @returns what to call when the browser has disconnected
   */
  wait(key: string, attempt: Attempt, waiter: Waiter, seen: number | null, ip: string): () => void {
    const openedAt = this.clock.now();
    const state = stateOf(attempt, openedAt);
    // A final state is sent again: an expiry does not change the version.
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
    // A change since the attempt was read was published before this waiter was listed.
    else if (!isFinal(state)) void this.look(key);
    return () => this.forget(key, each);
  }

  private tick(): void {
    const now = this.clock.now();
    for (const [key, all] of this.waiting) {
      let isDue = false;
      for (const each of all) {
        if (now >= each.turnAt) each.waiter.beat();
        // Read again, not answered from memory: a scan whose message was lost may have extended it.
        isDue ||= now >= each.turnAt || now >= each.attempt.expiresAt || now >= each.endsAt;
        if (now >= each.turnAt) each.turnAt = now + TURNS * TICK_MS;
      }
      if (isDue) void this.look(key);
    }
  }

  /** Reads all attempts after the store was unavailable, spread over time: they may be ten thousand. */
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
      // The copy in memory still shows an expiry.
      if (found === 'store away') this.tell(key, each, each.attempt);
      else if (found === null) this.tellLost(key, each);
      else this.tell(key, each, found);
    }
  }

  /** The store has lost the attempt: nobody can confirm it any more, even before it expires. */
  private tellLost(key: string, each: Waiting): void {
    each.waiter.tell({ status: 'expired' }, each.attempt.version);
    this.dismiss(key, each);
  }

  private tell(key: string, each: Waiting, attempt: Attempt): void {
    // Two reads may answer in the wrong order.
    if (attempt.version < each.attempt.version) return;
    each.attempt = attempt;
    const now = this.clock.now();
    const state = stateOf(attempt, now);
    if (each.told?.version !== attempt.version || each.told.status !== state.status) {
      each.told = { version: attempt.version, status: state.status };
      each.waiter.tell(state, attempt.version);
    }
    // After the state was sent: attempt and stream may end at the same time.
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
