import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock.js';
import type { SessionOfUser } from './session-rows.js';

/** A revocation holds everywhere this long after it at the latest. */
const FRESH_MS = 5_000;
const MAX_ENTRIES = 50_000;

/** Ids of the cached sessions that belong to one owner. */
type Owners = Map<string, Set<string>>;

/**
 * What the last few seconds' checks found, so that most of them need no database. An instance that ends a session
 * forgets it at once; the others notice within 5 s, whatever happens to the shared store. Forgetting costs as much as
 * there is to forget, however many other sessions are cached.
 */
@Injectable()
export class VerifiedSessions {
  private readonly byIdentity: Owners = new Map();
  private readonly byUser: Owners = new Map();
  private readonly cache = new LRUCache<string, { found: SessionOfUser; readAt: number }>({
    max: MAX_ENTRIES,
    // Also for an entry that a newer one replaces: a merge may have given the session another user.
    dispose: ({ found }) => {
      remove(this.byIdentity, found.identity.id, found.session.id);
      remove(this.byUser, found.user.id, found.session.id);
    },
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
    add(this.byIdentity, found.identity.id, found.session.id);
    add(this.byUser, found.user.id, found.session.id);
  }

  forget(sessionId: string): void {
    this.cache.delete(sessionId);
  }

  forgetIdentity(identityId: string): void {
    for (const sessionId of [...(this.byIdentity.get(identityId) ?? [])]) this.cache.delete(sessionId);
  }

  /** @param except the session that stays, if any */
  forgetUser(userId: string, except: string | null): void {
    for (const sessionId of [...(this.byUser.get(userId) ?? [])]) {
      if (sessionId !== except) this.cache.delete(sessionId);
    }
  }
}

function add(owners: Owners, ownerId: string, sessionId: string): void {
  const sessions = owners.get(ownerId);
  if (sessions) sessions.add(sessionId);
  else owners.set(ownerId, new Set([sessionId]));
}

function remove(owners: Owners, ownerId: string, sessionId: string): void {
  const sessions = owners.get(ownerId);
  sessions?.delete(sessionId);
  if (sessions?.size === 0) owners.delete(ownerId);
}
