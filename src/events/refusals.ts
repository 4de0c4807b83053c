import { AsyncResource } from 'node:async_hooks';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { addressGroup } from '../http/ip-address.js';
import type { LoginRefusals } from '../http/login-refusals.js';
import type { ChannelLabel } from '../channel/channels.js';
import { noteInRequest, requestContext } from '../http/request-context.js';
import { fingerprint } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { EventLog, type NewEvent } from './event-log.js';

const WINDOW_MS = 60_000;
/** Refusals per address and window that get an event of their own. The others are counted in one event. */
const MAX_EVENTS_PER_ADDRESS = 20;
/**
 * The same for all addresses together, on one instance: a flood from many addresses must not fill the table.
 */
const MAX_EVENTS = 3_000;
/** Addresses with a counter of their own. The refusals of further addresses share a counter. */
const MAX_TALLIES = 200;
/** Interval at which counters that have grown are written (ms). */
const WRITE_EVERY_MS = 1_000;
/** Distinct reasons that a counter lists. */
const MAX_REASONS = 20;

/**
 * The database is unavailable, or the process is ending. Nothing can be recorded, and trying would delay the
 * reply.
 */
const UNRECORDABLE: ReadonlySet<ErrorCode> = new Set(['DATABASE_UNAVAILABLE', 'SHUTTING_DOWN']);

/** An event that records what was refused, and why. */
export type Refusal = NewEvent & { readonly details: { readonly reason: string } };

/** Facts about a refused login that the request context lacks. */
export interface RefusedLogin {
  readonly channel?: ChannelLabel;
  readonly appId?: string;
  readonly userId?: string;
}

/** Counter of many refusals of one address, stored in one event. */
interface Tally {
  readonly type: Refusal['type'];
  readonly until: number;
  readonly reasons: Set<string>;
  count: number;
  /** Id of its event; `null` until it is written. */
  eventId: string | null;
  isDirty: boolean;
}

/**
 * Records refusals, which anybody can cause at any rate. Per minute and address (for IPv6 per /64), 20
 * refused logins get an event each; the others are counted in one event. Memory and writes are bounded.
 */
@Injectable()
export class Refusals implements LoginRefusals, BeforeApplicationShutdown {
  private readonly logger = new Logger(Refusals.name);
  private readonly tallies = new Map<string, Tally>();
  private timer: NodeJS.Timeout | undefined;
  private eventWindow = { until: 0, count: 0 };
  // The timer must not run in the context of the request that started it.
  private readonly writeLater = AsyncResource.bind(() => {
    this.timer ??= setTimeout(() => void this.write(), WRITE_EVERY_MS).unref();
  });

  constructor(
    private readonly store: EphemeralStore,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.write();
  }

  async refused(error: AppError): Promise<void> {
    const facts = requestContext()?.facts;
    if (!facts || facts.isRefusalRecorded || UNRECORDABLE.has(error.code)) return;
    if (facts.login !== undefined || facts.asks !== undefined) await this.login(error.code);
  }

  /** Records a refused login or link. All of them have the same shape. Never rejects. */
  async login(reason: ErrorCode, known: RefusedLogin = {}): Promise<void> {
    const { login, asks, appId, userId } = requestContext()?.facts ?? {};
    await this.record({
      type: 'login.refused',
      userId: known.userId ?? userId ?? null,
      actor: 'user',
      details: {
        reason,
        channel: known.channel ?? asks?.channel ?? login ?? null,
        purpose: asks?.purpose ?? 'log-in',
        appId: known.appId ?? appId ?? null,
      },
    });
  }

  /**
   * Records only the first refusal per minute, address, type, reason and user. A refusal that cannot be
   * recorded is still a refusal, so this does not reject while the store or the database is unavailable.
   */
  async recordFirst(refusal: Refusal): Promise<void> {
    const { type, userId, details } = refusal;
    const kind = [type, details.reason, userId ?? '', addressGroup(requestContext()?.ip ?? '')].join(' ');
    await this.tolerateOutage(type, async () => {
      if (!(await this.store.setIfAbsent(`refused:${fingerprint(kind)}`, '1', WINDOW_MS))) return;
      await this.events.record(refusal);
    });
  }

  private async record(refusal: Refusal): Promise<void> {
    noteInRequest({ isRefusalRecorded: true });
    const { type, details } = refusal;
    const address = addressGroup(requestContext()?.ip ?? '');
    // A request that was refused because the store timed out must not wait for it again.
    const isStoreDown = details.reason === 'STORE_UNAVAILABLE';
    await this.tolerateOutage(type, async () => {
      const hasOwnEvent = isStoreDown || (await this.countRefusals(type, address)) <= MAX_EVENTS_PER_ADDRESS;
      if (hasOwnEvent && this.takeFromWindow()) await this.events.record(refusal);
      else await this.tally(refusal, hasOwnEvent ? null : address);
    });
  }

  private async tolerateOutage(type: Refusal['type'], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.logger.warn({ type, code: error.code, msg: 'a refusal could not be recorded' });
    }
  }

  /** Counts over all instances. While the store is unavailable, each refusal counts as the first. */
  private async countRefusals(type: string, address: string): Promise<number> {
    try {
      return await this.store.count(`refused:${fingerprint(`${type} ${address}`)}`, WINDOW_MS);
    } catch (error) {
      if (error instanceof AppError) return 1;
      throw error;
    }
  }

  private takeFromWindow(): boolean {
    const now = this.clock.now();
    if (now >= this.eventWindow.until) this.eventWindow = { until: now + WINDOW_MS, count: 0 };
    this.eventWindow.count += 1;
    return this.eventWindow.count <= MAX_EVENTS;
  }

  /** @param address `null` for the counter that further addresses share */
  private async tally({ type, details }: Refusal, address: string | null): Promise<void> {
    const now = this.clock.now();
    const own = `${type} ${address ?? ''}`;
    const isNew = (key: string) => (this.tallies.get(key)?.until ?? 0) <= now;
    const key = isNew(own) && this.tallies.size >= MAX_TALLIES ? `${type} ` : own;
    if (!isNew(key)) {
      const tally = this.tallies.get(key);
      if (tally) this.add(tally, details.reason);
      return;
    }
    await this.write();
    const tally: Tally = {
      type,
      until: now + WINDOW_MS,
      reasons: new Set([details.reason]),
      count: 1,
      eventId: null,
      isDirty: false,
    };
    this.tallies.set(key, tally);
    const anonymous = key === own && address !== null ? {} : ({ anonymous: true } as const);
    const event = {
      type,
      userId: null,
      actor: 'system',
      details: tallyDetails(tally),
      ...anonymous,
    } as const;
    try {
      tally.eventId = await this.events.record(event);
    } catch (error) {
      this.tallies.delete(key);
      throw error;
    }
    if (tally.isDirty) this.writeLater();
  }

  private add(tally: Tally, reason: string): void {
    tally.count += 1;
    if (tally.reasons.size < MAX_REASONS) tally.reasons.add(reason);
    tally.isDirty = true;
    this.writeLater();
  }

  /** Writes the counters that have grown, and drops those whose window is over. Never rejects. */
  private async write(): Promise<void> {
    this.timer = undefined;
    const grown: { readonly id: string; readonly details: ReturnType<typeof tallyDetails> }[] = [];
    for (const [key, tally] of this.tallies) {
      const { eventId } = tally;
      if (eventId === null) continue;
      if (tally.isDirty) grown.push({ id: eventId, details: tallyDetails(tally) });
      tally.isDirty = false;
      if (this.clock.now() >= tally.until) this.tallies.delete(key);
    }
    if (grown.length === 0) return;
    await this.events.amend(grown).catch((error: unknown) => {
      const code = error instanceof AppError ? error.code : 'INTERNAL_ERROR';
      this.logger.warn({ code, msg: 'counts of refusals could not be recorded' });
    });
  }
}

function tallyDetails({ count, reasons }: Tally) {
  return { reason: 'REFUSED_OFTEN', channel: null, appId: null, count, reasons: [...reasons] };
}
