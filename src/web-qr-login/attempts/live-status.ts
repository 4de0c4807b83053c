import { AsyncResource } from 'node:async_hooks';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type Attempt, type AttemptState, isFinal, stateOf } from '../../attempt/attempt.js';
import { Attempts } from '../../attempt/attempts.js';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { addressGroup } from '../../http/ip-address.js';
import { Metrics } from '../../common/metrics.js';
import { type Expiring, ExpiryQueue } from '../../ephemeral/expiry-queue.js';
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

/** What decides the state that a browser sees. */
type Followed = Pick<Attempt, 'step' | 'expiresAt' | 'version'>;

/** Kept small: an instance has ten thousand. It is due (`expiresAt`) at its next turn, or when attempt or stream end. */
interface Waiting extends Expiring {
  readonly key: string;
  readonly waiter: Waiter;
  /** Group of addresses under which the stream is counted. */
  readonly from: string;
  /** Deadline of the stream (ms). */
  readonly endsAt: number;
  /** When its next heartbeat and its next read of the store are due (ms). */
  turnAt: number;
  attempt: Followed;
  toldVersion: number;
  /** `null` if nothing was sent yet. */
  toldStatus: AttemptState['status'] | null;
}

/** How often waiters that are due are served, so that they never delay other requests for long (ms). */
const TICK_MS = 25;
/** Waiters that are served in one go: three times as many as ten thousand need, which takes one or two milliseconds. */
const MAX_PER_TICK = 50;
/** Time between two heartbeats of a waiter (ms). */
const TURN_MS = 15_000;
/** Time until the first one at least (ms), and what spreads those of waiters that connect together evenly over a turn. */
const FIRST_TURN_MS = 1_000;
const GOLDEN_SECTION = 0.618034;
/** Interval between two reads of an attempt that should have ended (ms). */
const END_CHECK_MS = 1_000;
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
 * for each stream. One timer and one queue serve all, a few at a time.
 */
@Injectable()
export class LiveStatus implements OnModuleInit, OnModuleDestroy {
  private readonly waiting = new Map<string, Waiting[]>();
  private readonly due = new ExpiryQueue<Waiting>();
  /** Number of streams by group of addresses. */
  private readonly streams = new Map<string, number>();
  /** Bound here: the request that waits first begins the timer, and its context is not that of the others. */
  private readonly onTick = AsyncResource.bind(() => this.tick());
  private timer: NodeJS.Timeout | undefined;
  private open = 0;
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
  }

  /** Open streams would delay the end of the server. */
  onModuleDestroy(): void {
    this.stopping = true;
    for (const all of [...this.waiting.values()]) for (const each of [...all]) this.dismiss(each);
  }

  /** Number of streams on this instance. */
  get size(): number {
    return this.open;
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
    const spread = (this.opened++ * GOLDEN_SECTION) % 1;
    const each: Waiting = {
      key,
      waiter,
      from: addressGroup(ip),
      endsAt: openedAt + LIFETIME_MS,
      turnAt: openedAt + FIRST_TURN_MS + spread * (TURN_MS - FIRST_TURN_MS),
      attempt: followed(attempt),
      // A final state is sent again: an expiry does not change the version.
      toldVersion: seen ?? 0,
      toldStatus: seen === attempt.version && !isFinal(state) ? state.status : null,
      expiresAt: 0,
      heapIndex: -1,
    };
    const oldest = this.list(each);
    if (oldest) this.dismiss(oldest);
    this.tell(each, attempt);
    if (this.stopping) this.dismiss(each);
    // A change since the attempt was read was published before this waiter was listed.
    else if (!isFinal(state)) void this.look(key);
    return () => this.forget(each);
  }

  /** @returns the oldest stream of the attempt if it has too many now */
  private list(each: Waiting): Waiting | undefined {
    const all = this.waiting.get(each.key);
    if (all) all.push(each);
    else this.waiting.set(each.key, [each]);
    this.streams.set(each.from, (this.streams.get(each.from) ?? 0) + 1);
    this.open++;
    each.expiresAt = dueAt(each, 0);
    this.due.add(each);
    this.timer ??= setInterval(this.onTick, TICK_MS).unref();
    return all && all.length > MAX_PER_ATTEMPT ? all[0] : undefined;
  }

  private tick(): void {
    const now = this.clock.now();
    const keys = new Set<string>();
    for (let served = 0; served < MAX_PER_TICK; served++) {
      const each = this.due.first();
      if (!each || each.expiresAt > now) break;
      if (now >= each.turnAt) {
        each.waiter.beat();
        each.turnAt = now + TURN_MS;
      }
      each.expiresAt = dueAt(each, now + END_CHECK_MS);
      this.due.restore(each);
      keys.add(each.key);
    }
    // Read again, not answered from memory: a scan whose message was lost may have extended it.
    for (const key of keys) void this.look(key);
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
    for (const each of [...(this.waiting.get(key) ?? [])]) {
      // The copy in memory still shows an expiry.
      if (found === 'store away') this.tell(each, each.attempt);
      else if (found === null) this.tellLost(each);
      else this.tell(each, found);
    }
  }

  /** The store has lost the attempt: nobody can confirm it any more, even before it expires. */
  private tellLost(each: Waiting): void {
    each.waiter.tell({ status: 'expired' }, each.attempt.version);
    this.dismiss(each);
  }

  private tell(each: Waiting, attempt: Followed): void {
    // Two reads may answer in the wrong order.
    if (attempt.version < each.attempt.version) return;
    const now = this.clock.now();
    if (attempt.version > each.attempt.version) {
      each.attempt = followed(attempt);
      each.expiresAt = dueAt(each, now + END_CHECK_MS);
      this.due.restore(each);
    }
    const state = stateOf(attempt, now);
    if (each.toldVersion !== attempt.version || each.toldStatus !== state.status) {
      each.toldVersion = attempt.version;
      each.toldStatus = state.status;
      each.waiter.tell(state, attempt.version);
    }
    // After the state was sent: attempt and stream may end at the same time.
    if (isFinal(state) || now >= each.endsAt) this.dismiss(each);
  }

  private dismiss(each: Waiting): void {
    this.forget(each);
    each.waiter.end();
  }

  private forget(each: Waiting): void {
    // It was dismissed before.
    if (each.heapIndex < 0) return;
    this.due.remove(each);
    const others = this.waiting.get(each.key)?.filter((other) => other !== each) ?? [];
    if (others.length > 0) this.waiting.set(each.key, others);
    else this.waiting.delete(each.key);
    this.release(each.from);
    if (--this.open > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private release(from: string): void {
    const left = (this.streams.get(from) ?? 0) - 1;
    if (left > 0) this.streams.set(from, left);
    else this.streams.delete(from);
  }
}

function followed({ step, expiresAt, version }: Followed): Followed {
  return { step, expiresAt, version };
}

/** When a waiter is due next. @param endCheckAt before which its end is not looked for (again) */
function dueAt({ turnAt, endsAt, attempt }: Waiting, endCheckAt: number): number {
  return Math.min(turnAt, Math.max(Math.min(endsAt, attempt.expiresAt), endCheckAt));
}
