import { Injectable } from '@nestjs/common';
import { channelOfMethod } from '../channel/channels.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { Metrics } from '../common/metrics.js';
import { fingerprint, freshScene, freshSecret, isSecretForm, secretsEqual } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import {
  type Attempt,
  attemptKey,
  confirm,
  deny,
  finish,
  type LoginResult,
  mayDecide,
  redeem,
  scan,
  type Scanner,
} from './attempt.js';
import { OpenLogins } from './open-logins.js';

/** How long the status of an attempt can be read after its end (ms). */
const RETENTION_MS = 10 * 60 * 1_000;
const CHANNEL = 'attempts';
const TICKET = /^[A-Za-z0-9_-]{32}$/;
/**
 * Length of the column in `sessions`. Attempts are kept in memory and parsed at each read, so they must stay
 * small.
 */
const MAX_USER_AGENT = 255;
/** An attempt has few transitions. Losing this many races in a row means a fault. */
const MAX_ATTEMPTS = 10;

/** Parameters of a new attempt. */
export type BeginAttempt = Pick<Attempt, 'method' | 'appId' | 'binding' | 'isHosted' | 'device'> & {
  /** Checked against RETURN_URLS. */
  readonly returnTo: string;
  /** Fingerprint of the browser's cookie. */
  readonly browser: string;
};

/**
 * A new attempt with its secrets. They differ from the ticket in the QR code, which anybody near the screen
 * can read.
 */
export interface BegunAttempt {
  readonly id: string;
  /** Authorizes reading the status where the cookie is blocked. */
  readonly secret: string;
  readonly expiresAt: number;
}

/** Credentials with which a browser reads its attempt. */
export interface WatcherProof {
  /** Fingerprint of its cookie. */
  readonly browser: string | null;
  readonly secret: string | undefined;
}

/** A login whose callback arrived in a top-level window. */
export interface CallbackLogin {
  readonly loginCode: string;
  /** Fingerprint of the cookie that the callback carried. */
  readonly browser: string | null;
}

/**
 * Attempts in the shared store, so that any instance serves any browser and phone. Each transition is a
 * compare-and-set and is published to all instances. Keys are fingerprints of ids and tickets.
 */
@Injectable()
export class Attempts {
  constructor(
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly openLogins: OpenLogins,
  ) {}

  /**
   * Creates an attempt.
   * @throws AppError STORE_UNAVAILABLE; RATE_LIMITED if the app has too many open logins
   */
  async begin({ browser, returnTo, ...asked }: BeginAttempt): Promise<BegunAttempt> {
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
    await this.openLogins.admit(asked.appId, () =>
      this.store.begin(storeKey(attemptKey(id)), JSON.stringify(attempt), this.ttl(attempt)),
    );
    return { id, secret, expiresAt: attempt.expiresAt };
  }

  /**
   * Creates the ticket in the QR code of an attempt: 32 characters of the alphabet of WeChat's scene, 192
   * bits (wechat-api.md section 1.5).
   */
  async issueTicket(id: string, expiresAt: number): Promise<string> {
    const ticket = freshScene();
    // The ticket outlives the attempt's first deadline, because a late scan extends that.
    await this.store.begin(ticketKey(ticket), attemptKey(id), expiresAt - this.clock.now() + RETENTION_MS);
    return ticket;
  }

  /**
   * Returns an attempt to the browser that began it.
   * @throws AppError ATTEMPT_UNKNOWN, also for an attempt of another browser
   */
  async watch(id: string, proof: WatcherProof): Promise<{ key: string; attempt: Attempt }> {
    const attempt = isSecretForm(id) ? await this.read(attemptKey(id)) : null;
    if (!attempt || !isWatcher(attempt, proof)) throw new AppError('ATTEMPT_UNKNOWN');
    return { key: attemptKey(id), attempt };
  }

  /** Reads an attempt by key, for callers that `watch` has authorized. */
  async read(key: string): Promise<Attempt | null> {
    const stored = await this.store.get(storeKey(key));
    return stored === null ? null : (JSON.parse(stored) as Attempt);
  }

  /**
   * Subscribes to the transitions of all attempts, by key. `missed` is called when messages may have been
   * lost.
   */
  listen(stepped: (key: string) => void, missed: () => void): void {
    this.store.listen(CHANNEL, { onMessage: stepped, onMissed: missed });
  }

  /**
   * Opens a scan.
   * @throws AppError SCAN_UNKNOWN, SCAN_TAKEN
   */
  async scan(ticket: string, identity: Scanner): Promise<Attempt> {
    const key = await this.keyOfTicket(ticket);
    const { attempt } = await this.step(key, (asked) => scan(asked, identity, this.clock.now()));
    return requireFound(attempt);
  }

  /**
   * Checks whether a person may make a decision.
   * @throws AppError as `mayDecide` does
   */
  async refuseUndecidable(
    ticket: string,
    identityId: string,
    decision: 'confirmed' | 'denied',
  ): Promise<void> {
    const attempt = requireFound(await this.read(await this.keyOfTicket(ticket)));
    mayDecide(attempt, identityId, decision, this.clock.now());
  }

  /**
   * Confirms a login.
   * @param issue creates the loginCode; of two concurrent ones, one is discarded
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
    return requireFound(stepped.attempt);
  }

  /**
   * Refuses a login.
   * @returns the attempt, and whether this call refused it or only repeated the refusal
   * @throws AppError SCAN_UNKNOWN, SCAN_TAKEN, SCAN_REQUIRED, SCAN_DECIDED
   */
  async deny(ticket: string, identityId: string): Promise<{ attempt: Attempt; isFirst: boolean }> {
    const key = await this.keyOfTicket(ticket);
    const { attempt, isStepped } = await this.step(key, (asked) => deny(asked, identityId, this.clock.now()));
    // A repeated refusal is not counted again.
    if (isStepped) this.metrics.login('scan', 'LOGIN_DENIED');
    return { attempt: requireFound(attempt), isFirst: isStepped };
  }

  /**
   * WeChat's page returned in a top-level window (for frames see FramedResults). If the attempt no longer
   * exists, nothing happens, and the login continues without it.
   */
  async finish(id: string, result: CallbackLogin | 'denied' | 'expired'): Promise<void> {
    await this.step(attemptKey(id), (attempt) => {
      const visible = typeof result === 'object' ? { loginCode: visibleLoginCode(attempt, result) } : result;
      return finish(attempt, visible, this.clock.now());
    });
  }

  /** WeChat's page returned in a frame, and its result page was shown. All watchers get the full result. */
  async deliverResult(key: string, result: LoginResult): Promise<void> {
    await this.step(key, (attempt) => finish(attempt, result, this.clock.now()));
  }

  /** The loginCode was exchanged for a session. */
  async redeemed(key: string): Promise<void> {
    await this.step(key, redeem);
  }

  /**
   * Applies a transition.
   * @returns the resulting attempt, `null` if there is none; and whether this call changed it
   */
  private async step(
    key: string,
    decide: (attempt: Attempt) => Attempt | null | Promise<Attempt | null>,
  ): Promise<{ attempt: Attempt | null; isStepped: boolean }> {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const stored = await this.store.get(storeKey(key));
      if (stored === null) return { attempt: null, isStepped: false };
      const attempt = JSON.parse(stored) as Attempt;
      const decided = await decide(attempt);
      if (decided === null) return { attempt, isStepped: false };
      const next: Attempt = { ...decided, version: attempt.version + 1 };
      if (await this.store.replace(storeKey(key), stored, JSON.stringify(next), this.ttl(next))) {
        // The transition is stored. A subscriber that misses the message polls later.
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
    return Math.max(1, expiresAt - this.clock.now()) + RETENTION_MS;
  }
}

function requireFound(attempt: Attempt | null): Attempt {
  if (!attempt) throw new AppError('SCAN_UNKNOWN');
  return attempt;
}

function isWatcher({ watchers }: Attempt, { browser, secret }: WatcherProof): boolean {
  const byCookie = browser !== null && secretsEqual(watchers.browser, browser);
  return byCookie || (secret !== undefined && secretsEqual(watchers.secret, fingerprint(secret)));
}

/**
 * With a codeChallenge, any browser may carry the callback. An attacker could begin an attempt, send WeChat's
 * URL to a victim, and read the victim's loginCode from the status. So watchers get it only if the callback
 * came from the browser that began; else it is only in the redirect to returnTo.
 */
function visibleLoginCode(attempt: Attempt, { loginCode, browser }: CallbackLogin): string | null {
  return isWatcher(attempt, { browser, secret: undefined }) ? loginCode : null;
}

function storeKey(key: string): string {
  return `attempt:${key}`;
}

function ticketKey(ticket: string): string {
  return `attempt-ticket:${fingerprint(ticket)}`;
}
