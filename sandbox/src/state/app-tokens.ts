import type { SandboxClock } from './clock.js';
import type { DayCounts } from './day-counts.js';
import { newAppToken } from './ids.js';

const LIFETIME_MS = 7_200_000;
const OVERLAP_MS = 300_000;
const FORCED_PER_DAY = 20;
const FORCED_INTERVAL_MS = 30_000;
const DAY_MS = 86_400_000;

/** `/cgi-bin/token` and `/cgi-bin/stable_token` keep apart: neither puts out the other's tokens. */
type Family = 'ordinary' | 'stable';

interface Token {
  text: string;
  appId: string;
  family: Family;
  /** From when on it is 42001 (expired), ms. */
  expiresAt: number;
  /** From when on it is 40001 (not latest), ms; Infinity for the latest. */
  replacedAt: number;
}

/** A token and what is left of its life, in seconds. */
export interface IssuedToken {
  token: string;
  expiresIn: number;
}

/** What a presented token is worth: 40001 for `replaced`, 42001 for `expired`, 40014 for `unknown`. */
export type TokenState = { state: 'valid'; appId: string } | { state: 'expired' | 'replaced' | 'unknown' };

/** Interface access tokens of apps (section 3). */
export class AppTokens {
  private readonly tokens = new Map<string, Token>();

  constructor(
    private readonly clock: SandboxClock,
    private readonly dayCounts: DayCounts,
  ) {}

  /** Section 3.1: always a new token; the one before it works 5 min more. Null: over the daily quota. */
  fetchOrdinary(appId: string, dailyQuota: number): IssuedToken | null {
    if (!this.dayCounts.allow(`token ${appId}`, dailyQuota)) return null;
    this.putOut('ordinary', appId, this.clock.now() + OVERLAP_MS);
    return this.issue('ordinary', appId);
  }

  /** Section 3.2, normal mode: the same token until its last 5 min, in which a second one lives beside it. */
  fetchStable(appId: string): IssuedToken {
    const now = this.clock.now();
    const usable = this.of('stable', appId).find(
      (token) => token.replacedAt === Infinity && token.expiresAt - now > OVERLAP_MS,
    );
    return usable ? issued(usable, now) : this.issue('stable', appId);
  }

  /** Section 3.2, force_refresh: the earlier stable tokens die at once. Null: more than 20 times a day. */
  forceStable(appId: string): IssuedToken | null {
    const name = `forced stable_token ${appId}`;
    const last = this.dayCounts.lastAt(name);
    // "Less than 30 s after the last one it does not refresh": then it answers as normal mode does.
    if (last !== undefined && this.clock.now() - last < FORCED_INTERVAL_MS) return this.fetchStable(appId);
    if (!this.dayCounts.allow(name, FORCED_PER_DAY)) return null;
    this.putOut('stable', appId, this.clock.now());
    return this.issue('stable', appId);
  }

  /** What a token presented to an API is worth now, and whose it is. */
  look(text: string): TokenState {
    const token = this.tokens.get(text);
    if (!token) return { state: 'unknown' };
    const now = this.clock.now();
    if (now >= token.replacedAt) return { state: 'replaced' };
    return now >= token.expiresAt ? { state: 'expired' } : { state: 'valid', appId: token.appId };
  }

  /** Puts out every token of an app at once, as a second fetcher or a reset AppSecret does. */
  putOutAll(appId: string): void {
    this.putOut('ordinary', appId, this.clock.now());
    this.putOut('stable', appId, this.clock.now());
  }

  reset(): void {
    this.tokens.clear();
  }

  private of(family: Family, appId: string): Token[] {
    return [...this.tokens.values()].filter((token) => token.family === family && token.appId === appId);
  }

  private putOut(family: Family, appId: string, atMs: number): void {
    for (const token of this.of(family, appId)) token.replacedAt = Math.min(token.replacedAt, atMs);
  }

  private issue(family: Family, appId: string): IssuedToken {
    const now = this.clock.now();
    this.forget(now);
    const token = { text: newAppToken(), appId, family, expiresAt: now + LIFETIME_MS, replacedAt: Infinity };
    this.tokens.set(token.text, token);
    return issued(token, now);
  }

  // A token that expired a day ago is deleted, so that long runs stay small. It then counts as unknown.
  private forget(now: number): void {
    for (const token of this.tokens.values()) {
      if (now - Math.min(token.expiresAt, token.replacedAt) > DAY_MS) this.tokens.delete(token.text);
    }
  }
}

function issued(token: Token, now: number): IssuedToken {
  return { token: token.text, expiresIn: Math.floor((token.expiresAt - now) / 1000) };
}
