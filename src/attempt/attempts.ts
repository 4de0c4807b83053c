import { Injectable } from '@nestjs/common';
import { channelOfMethod } from '../channel/channels.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { Metrics } from '../common/metrics.js';
import { fingerprint, freshScene, freshSecret, secretsEqual } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import {
  type Attempt,
  attemptKey,
  confirm,
  deny,
  land,
  type Landing,
  mayDecide,
  redeem,
  scan,
  type Scanner,
} from './attempt.js';
import { OpenLogins } from './open-logins.js';

/** How long an attempt that is over can still be asked about. */
const AFTERLIFE_MS = 10 * 60 * 1_000;
const CHANNEL = 'attempts';
const ID = /^[0-9a-f]{64}$/;
const TICKET = /^[A-Za-z0-9_-]{32}$/;
/** What a session keeps of it. An attempt is kept in memory, and read at every look. */
const MAX_USER_AGENT = 255;
/** Steps of one attempt are few: who loses that often is stuck. */
const MAX_RACES = 10;

/** What an attempt begins with. */
export type BeginAttempt = Pick<Attempt, 'method' | 'appId' | 'binding' | 'device'> & {
  /** Allowed. */
  readonly returnTo: string;
  /** Fingerprint of the browser's cookie. */
  readonly browser: string;
};

/** A new attempt, and its secrets: what the browser polls with is not what its QR code shows. */
export interface BegunAttempt {
  readonly id: string;
  /** Reads the status where the cookie is blocked. */
  readonly secret: string;
  readonly expiresAt: number;
}

/** What a browser brings to show that the attempt is its own. */
export interface WatcherProof {
  /** Fingerprint of its cookie. */
  readonly browser: string | null;
  readonly secret: string | undefined;
}

/** A login that WeChat's page came back with, in a window of its own. */
export interface LandedLogin {
  readonly loginCode: string;
  /** Fingerprint of the cookie that the callback brought. */
  readonly browser: string | null;
}

/**
 * Attempts in the shared store, so that any instance serves any browser and any phone. Every step compares and sets,
 * and is told to all instances. Keys are fingerprints of ids and tickets.
 */
@Injectable()
export class Attempts {
  constructor(
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly openLogins: OpenLogins,
  ) {}

  /** @throws AppError STORE_UNAVAILABLE; RATE_LIMITED while too many of the app are open */
  async begin({ browser, returnTo, ...asked }: BeginAttempt): Promise<BegunAttempt> {
    await this.openLogins.admit(asked.appId);
    const [id, secret] = [freshSecret(), freshSecret()];
    const now = this.clock.now();
    const attempt: Attempt = {
      ...asked,
      origin: new URL(returnTo).origin,
      device: { ...asked.device, userAgent: asked.device.userAgent?.slice(0, MAX_USER_AGENT) ?? null },
      watchers: { browser, secret: fingerprint(secret) },
      requestedAt: now,
      expiresAt: now + channelOfMethod(asked.method).attempt.lifetime * 1_000,
      step: { status: 'pending' },
      version: 0,
    };
    await this.store.begin(storeKey(attemptKey(id)), JSON.stringify(attempt), this.ttl(attempt));
    return { id, secret, expiresAt: attempt.expiresAt };
  }

  /**
   * The ticket that the QR code of an attempt shows: 32 characters of WeChat's scene alphabet, 192 bits
   * (wechat-api.md section 1.5).
   */
  async issueTicket(id: string, expiresAt: number): Promise<string> {
    const ticket = freshScene();
    // Longer than the attempt at first: a late scan prolongs it.
    await this.store.begin(ticketKey(ticket), attemptKey(id), expiresAt - this.clock.now() + AFTERLIFE_MS);
    return ticket;
  }

  /**
   * An attempt, for the browser that began it.
   * @throws AppError ATTEMPT_UNKNOWN, the same for everybody else
   */
  async watch(id: string, proof: WatcherProof): Promise<{ key: string; attempt: Attempt }> {
    const attempt = ID.test(id) ? await this.read(attemptKey(id)) : null;
    if (!attempt || !isWatcher(attempt, proof)) throw new AppError('ATTEMPT_UNKNOWN');
    return { key: attemptKey(id), attempt };
  }

  /** By key, for who has been let in by `watch`. */
  async read(key: string): Promise<Attempt | null> {
    const stored = await this.store.get(storeKey(key));
    return stored === null ? null : (JSON.parse(stored) as Attempt);
  }

  /** Tells of each step of any attempt, by key; `missed` where steps may have gone unheard. */
  listen(stepped: (key: string) => void, missed: () => void): void {
    this.store.listen(CHANNEL, { onMessage: stepped, onMissed: missed });
  }

  /** A scan. @throws AppError SCAN_UNKNOWN, SCAN_TAKEN */
  async scan(ticket: string, identity: Scanner): Promise<Attempt> {
    const key = await this.keyOfTicket(ticket);
    const { attempt } = await this.step(key, (asked) => scan(asked, identity, this.clock.now()));
    return known(attempt);
  }

  /** Whether a person may decide so, without deciding. @throws AppError as `mayDecide` does */
  async refuseUndecidable(
    ticket: string,
    identityId: string,
    decision: 'confirmed' | 'denied',
  ): Promise<void> {
    const attempt = known(await this.read(await this.keyOfTicket(ticket)));
    mayDecide(attempt, identityId, decision, this.clock.now());
  }

  /**
   * The person lets the login happen.
   * @param issue makes the loginCode; of two at once one is never told to anybody
   * @throws AppError SCAN_UNKNOWN, SCAN_TAKEN, SCAN_REQUIRED, SCAN_DECIDED
   */
  async confirm(
    ticket: string,
    identityId: string,
    issue: (attempt: Attempt, key: string) => Promise<string>,
  ): Promise<Attempt> {
    const key = await this.keyOfTicket(ticket);
    const stepped = await this.step(key, async (attempt) => {
      if (!mayDecide(attempt, identityId, 'confirmed', this.clock.now())) return null;
      return confirm(attempt, identityId, await issue(attempt, key), this.clock.now());
    });
    return known(stepped.attempt);
  }

  /**
   * The person refuses.
   * @returns also whether this was the refusal, and not a repeated one
   * @throws AppError SCAN_UNKNOWN, SCAN_TAKEN, SCAN_REQUIRED, SCAN_DECIDED
   */
  async deny(ticket: string, identityId: string): Promise<{ attempt: Attempt; isFirst: boolean }> {
    const key = await this.keyOfTicket(ticket);
    const { attempt, isStepped } = await this.step(key, (asked) => deny(asked, identityId, this.clock.now()));
    // A repeated refusal is the same one.
    if (isStepped) this.metrics.login('scan', 'LOGIN_DENIED');
    return { attempt: known(attempt), isFirst: isStepped };
  }

  /**
   * WeChat's page came back, and not in a frame (see FramedLandings). An attempt that is gone does not matter: its
   * login goes on without it.
   */
  async land(id: string, landing: LandedLogin | 'denied' | 'expired'): Promise<void> {
    await this.step(attemptKey(id), (attempt) => {
      const told = typeof landing === 'object' ? { loginCode: toldTo(attempt, landing) } : landing;
      return land(attempt, told, this.clock.now());
    });
  }

  /** WeChat's page came back in a frame whose page was shown: everybody who may look on is told all of it. */
  async tell(key: string, landing: Landing): Promise<void> {
    await this.step(key, (attempt) => land(attempt, landing, this.clock.now()));
  }

  /** The loginCode was turned into a session. */
  async redeemed(key: string): Promise<void> {
    await this.step(key, redeem);
  }

  /** @returns the attempt as it stands then, `null` where there is none; and whether this was the step */
  private async step(
    key: string,
    decide: (attempt: Attempt) => Attempt | null | Promise<Attempt | null>,
  ): Promise<{ attempt: Attempt | null; isStepped: boolean }> {
    for (let race = 0; race < MAX_RACES; race++) {
      const stored = await this.store.get(storeKey(key));
      if (stored === null) return { attempt: null, isStepped: false };
      const attempt = JSON.parse(stored) as Attempt;
      const decided = await decide(attempt);
      if (decided === null) return { attempt, isStepped: false };
      const next: Attempt = { ...decided, version: attempt.version + 1 };
      if (await this.store.replace(storeKey(key), stored, JSON.stringify(next), this.ttl(next))) {
        // The step stands; who does not hear of it looks again by and by.
        await this.store.publish(CHANNEL, key).catch(() => undefined);
        return { attempt: next, isStepped: true };
      }
    }
    throw new AppError('STORE_UNAVAILABLE');
  }

  private async keyOfTicket(ticket: string): Promise<string> {
    const key = TICKET.test(ticket) ? await this.store.get(ticketKey(ticket)) : null;
    if (key === null) throw new AppError('SCAN_UNKNOWN');
    return key;
  }

  private ttl({ expiresAt }: Attempt): number {
    return Math.max(1, expiresAt - this.clock.now()) + AFTERLIFE_MS;
  }
}

function known(attempt: Attempt | null): Attempt {
  if (!attempt) throw new AppError('SCAN_UNKNOWN');
  return attempt;
}

function isWatcher({ watchers }: Attempt, { browser, secret }: WatcherProof): boolean {
  const byCookie = browser !== null && secretsEqual(watchers.browser, browser);
  return byCookie || (secret !== undefined && secretsEqual(watchers.secret, fingerprint(secret)));
}

/**
 * Where a verifier redeems, any browser may bring the callback. Who began the attempt and sent WeChat's address to
 * somebody else must not get the loginCode by looking on, so it is told only where the callback came from the browser
 * that began. Else it is on returnTo alone.
 */
function toldTo(attempt: Attempt, { loginCode, browser }: LandedLogin): string | null {
  return isWatcher(attempt, { browser, secret: undefined }) ? loginCode : null;
}

function storeKey(key: string): string {
  return `attempt:${key}`;
}

function ticketKey(ticket: string): string {
  return `attempt-ticket:${fingerprint(ticket)}`;
}
