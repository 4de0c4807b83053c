import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock.js';
import type { SessionOfUser } from './session-rows.js';

/** A revocation holds everywhere this long after it at the latest. */
const FRESH_MS = 5_000;
const MAX_ENTRIES = 50_000;

/**
 * What the last few seconds' checks found, so that most of them need no database. An instance that ends a session
 * forgets it at once; the others notice within 5 s, whatever happens to the shared store.
 */
@Injectable()
export class VerifiedSessions {
  private readonly cache = new LRUCache<string, { found: SessionOfUser; readAt: number }>({
    max: MAX_ENTRIES,
  });

  constructor(private readonly clock: Clock) {}

  /** `null` where nothing fresh is known. */
  get(sessionId: string): SessionOfUser | null {
    const entry = this.cache.get(sessionId);
    const now = this.clock.now();
    // A clock that was set back makes nothing fresh.
    return entry && entry.readAt <= now && now - entry.readAt < FRESH_MS ? entry.found : null;
  }

  /** @param readAt ms, before the database was asked */
  set(found: SessionOfUser, readAt: number): void {
    this.cache.set(found.session.id, { found, readAt });
  }

  /** Forgets every session that matches. */
  forget(matches: (found: SessionOfUser) => boolean): void {
    for (const [sessionId, { found }] of this.cache.entries()) {
      if (matches(found)) this.cache.delete(sessionId);
    }
  }
}
