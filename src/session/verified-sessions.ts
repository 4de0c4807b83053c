import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock.js';
import type { SessionOfUser } from './session-rows.js';

/** Cache lifetime, and so the longest time until a revocation is effective on all instances (ms). */
const TTL_MS = 5_000;
const MAX_ENTRIES = 50_000;

interface Entry {
  readonly found: SessionOfUser;
  /** Time before the database was read (ms). */
  readonly readAt: number;
}

/** Ids of the cached sessions, by owner. */
type Owners = Map<string, Set<string>>;

/**
 * Cache of recent session checks, so that most checks need no database. The instance that ends a session
 * removes it at once. Other instances notice within 5 s, even without the shared store. The cost of a removal
 * does not depend on the number of other cached sessions.
 */
@Injectable()
export class VerifiedSessions {
  private readonly byIdentity: Owners = new Map();
  private readonly byUser: Owners = new Map();
  private readonly cache = new LRUCache<string, Entry>({
    max: MAX_ENTRIES,
    // Also called for an entry that is replaced: after a merge the session may belong to another user.
    dispose: ({ found }) => {
      remove(this.byIdentity, found.identity.id, found.session.id);
      remove(this.byUser, found.user.id, found.session.id);
    },
  });

  constructor(private readonly clock: Clock) {}

  /** Number of cached sessions, those that have just expired included. */
  get size(): number {
    return this.cache.size;
  }

  /** `null` if there is no fresh entry. */
  get(sessionId: string): SessionOfUser | null {
    // Not as a use of it: the cache is in the order in which sessions were read.
    const entry = this.cache.peek(sessionId);
    return entry && isFresh(entry, this.clock.now()) ? entry.found : null;
  }

  /** @param readAt time before the database was read (ms) */
  set(found: SessionOfUser, readAt: number): void {
    this.removeExpired();
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

  /** @param except id of a session to keep, if any */
  forgetUser(userId: string, except: string | null): void {
    for (const sessionId of [...(this.byUser.get(userId) ?? [])]) {
      if (sessionId !== except) this.cache.delete(sessionId);
    }
  }

  /** Each entry is 3 kB: with all people of a day, up to the bound, they would be most of the process's memory. */
  private removeExpired(): void {
    const now = this.clock.now();
    for (const sessionId of this.cache.rkeys()) {
      const entry = this.cache.peek(sessionId);
      if (entry && isFresh(entry, now)) return;
      this.cache.delete(sessionId);
    }
  }
}

/** After the clock was set back, entries from the future are not fresh. */
function isFresh({ readAt }: Entry, now: number): boolean {
  return readAt <= now && now - readAt < TTL_MS;
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
