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
/** So many refusals of one address have an event each in a window; the rest is counted in one. */
const EACH = 20;
/** So many of all addresses together, on one instance: a flood from many addresses does not fill the table. */
const EACH_OF_ALL = 3_000;
/** Addresses that are counted one by one; more are counted together. */
const MAX_TALLIES = 200;
/** How often a count that grows is written. */
const WRITE_EVERY_MS = 1_000;
/** Different reasons that a count names. */
const MAX_REASONS = 20;

/** The database is away, or the process ends: nothing can be recorded, and trying holds up the answer. */
const UNRECORDABLE: ReadonlySet<ErrorCode> = new Set(['DATABASE_UNAVAILABLE', 'SHUTTING_DOWN']);

/** What was refused, and why. */
export type Refusal = NewEvent & { readonly details: { readonly reason: string } };

/** What is known of a refused login besides what the request says. */
export interface RefusedLogin {
  readonly channel?: ChannelLabel;
  readonly appId?: string;
  readonly userId?: string;
}

/** Many refusals of one address, in one event. */
interface Tally {
  readonly type: Refusal['type'];
  readonly until: number;
  readonly reasons: Set<string>;
  count: number;
  /** Id of its event; `null` until it stands. */
  eventId: string | null;
  isDirty: boolean;
}

/**
 * Records refusals, which anybody can provoke as often as they like. Of logins 20 a minute for each address (of IPv6
 * the /64) are events of their own, all others are counted in one event. Bounded in memory and in writes.
 */
@Injectable()
export class Refusals implements LoginRefusals, BeforeApplicationShutdown {
  private readonly logger = new Logger(Refusals.name);
  private readonly tallies = new Map<string, Tally>();
  private timer: NodeJS.Timeout | undefined;
  private ofAll = { until: 0, count: 0 };
  // Counts are nobody's request.
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

  /** Records a refused login, or link, in the one shape that all have. Never rejects. */
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
   * Records the first refusal of its type, reason and user in a minute for the address. One that cannot be recorded is
   * refused all the same: never rejects for want of a store.
   */
  async recordFirst(refusal: Refusal): Promise<void> {
    const { type, userId, details } = refusal;
    const kind = [type, details.reason, userId ?? '', addressGroup(requestContext()?.ip ?? '')].join(' ');
    await this.unlessAway(type, async () => {
      if (!(await this.store.setIfAbsent(`refused:${fingerprint(kind)}`, '1', WINDOW_MS))) return;
      await this.events.record(refusal);
    });
  }

  private async record(refusal: Refusal): Promise<void> {
    noteInRequest({ isRefusalRecorded: true });
    const { type, details } = refusal;
    const address = addressGroup(requestContext()?.ip ?? '');
    // Who was refused because the store is silent does not wait for it again.
    const isAway = details.reason === 'STORE_UNAVAILABLE';
    await this.unlessAway(type, async () => {
      const isEach = isAway || (await this.countOf(type, address)) <= EACH;
      if (isEach && this.hasRoom()) await this.events.record(refusal);
      else await this.tally(refusal, isEach ? null : address);
    });
  }

  private async unlessAway(type: Refusal['type'], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.logger.warn({ type, code: error.code, msg: 'a refusal is not recorded' });
    }
  }

  /** Over all instances; while the store is away each is the first. */
  private async countOf(type: string, address: string): Promise<number> {
    try {
      return await this.store.count(`refused:${fingerprint(`${type} ${address}`)}`, WINDOW_MS);
    } catch (error) {
      if (error instanceof AppError) return 1;
      throw error;
    }
  }

  private hasRoom(): boolean {
    const now = this.clock.now();
    if (now >= this.ofAll.until) this.ofAll = { until: now + WINDOW_MS, count: 0 };
    this.ofAll.count += 1;
    return this.ofAll.count <= EACH_OF_ALL;
  }

  /** @param address `null`: of whichever address */
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
    const event = { type, userId: null, actor: 'system', details: detailsOf(tally), ...anonymous } as const;
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

  /** Writes the counts that have grown, and forgets those whose window is over. Never rejects. */
  private async write(): Promise<void> {
    this.timer = undefined;
    const grown: { readonly id: string; readonly details: ReturnType<typeof detailsOf> }[] = [];
    for (const [key, tally] of this.tallies) {
      const { eventId } = tally;
      if (eventId === null) continue;
      if (tally.isDirty) grown.push({ id: eventId, details: detailsOf(tally) });
      tally.isDirty = false;
      if (this.clock.now() >= tally.until) this.tallies.delete(key);
    }
    if (grown.length === 0) return;
    await this.events.amend(grown).catch((error: unknown) => {
      const code = error instanceof AppError ? error.code : 'INTERNAL_ERROR';
      this.logger.warn({ code, msg: 'counts of refusals are not recorded' });
    });
  }
}

function detailsOf({ count, reasons }: Tally) {
  return { reason: 'REFUSED_OFTEN', channel: null, appId: null, count, reasons: [...reasons] };
}
