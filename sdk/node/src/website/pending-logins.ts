import { readSession, type SessionStore, writeSession } from './session-store.js';

/** A login that this browser has begun. */
export interface PendingLogin {
  /** Travels in returnTo, and tells which login has returned. It opens nothing. */
  readonly id: string;
  readonly codeVerifier: string;
  /** Where the person goes afterwards. */
  readonly next: string;
  /** When it began (ms). */
  readonly at: number;
}

const KEY = 'wechatAuth';
/** Logins of one browser, in as many tabs. */
const MAX_PENDING = 5;
/** Of all logins together (characters): a session in a cookie has 4 kB. */
const MAX_LENGTH = 2_000;
/** People leave a QR code on the screen, and the hosted page renews it. */
const LIFETIME_MS = 60 * 60_000;

/** The logins of a session that have not returned, oldest first. */
export async function pendingLogins(session: SessionStore): Promise<PendingLogin[]> {
  const stored = await readSession(session, KEY);
  const parsed = typeof stored === 'string' ? parse(stored) : [];
  return parsed.filter(({ at }) => Math.abs(Date.now() - at) < LIFETIME_MS);
}

/** Stores these logins and no others. */
export async function writePending(session: SessionStore, pending: readonly PendingLogin[]): Promise<void> {
  await writeSession(session, KEY, JSON.stringify(pending));
}

/** Adds a login. The oldest ones beyond the limits are dropped. */
export async function addPending(session: SessionStore, login: PendingLogin): Promise<void> {
  const pending = [...(await pendingLogins(session)), login].slice(-MAX_PENDING);
  while (pending.length > 1 && JSON.stringify(pending).length > MAX_LENGTH) pending.shift();
  await writePending(session, pending);
}

/** Removes a login. */
export async function removePending(session: SessionStore, login: PendingLogin): Promise<void> {
  const others = (await pendingLogins(session)).filter(({ id }) => id !== login.id);
  await writePending(session, others);
}

function parse(stored: string): PendingLogin[] {
  try {
    const parsed: unknown = JSON.parse(stored);
    return Array.isArray(parsed) ? parsed.filter(isPending) : [];
  } catch {
    return [];
  }
}

function isPending(entry: unknown): entry is PendingLogin {
  if (typeof entry !== 'object' || entry === null) return false;
  const { id, codeVerifier, next, at } = entry as Readonly<Record<string, unknown>>;
  return [id, codeVerifier, next].every((text) => typeof text === 'string') && typeof at === 'number';
}
