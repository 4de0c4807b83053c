import { optionsInvalid } from '../options.js';

/** A store for one browser: `get` and `set`, sync or async. A value is a string. */
export interface KeyValueStore {
  get(key: string): unknown;
  set(key: string, value: string): unknown;
}

/**
 * The session of the browser: an object such as `req.session` of express-session, cookie-session or iron-session and
 * `ctx.session` of Koa, or a store such as `request.session` of @fastify/session.
 */
export type SessionStore = KeyValueStore | object;

/** @throws AuthError OPTIONS_INVALID if a route has no session */
export function checkSession(session: unknown): void {
  if (typeof session === 'object' && session !== null) return;
  throw optionsInvalid('there is no session: install the session middleware before this route');
}

/** Reads a value of a session. */
export async function readSession(session: SessionStore, key: string): Promise<unknown> {
  if (isStore(session)) return await session.get(key);
  return (session as Readonly<Record<string, unknown>>)[key];
}

/** Writes a value of a session. Values are never removed: `delete` of some stores ends the session. */
export async function writeSession(session: SessionStore, key: string, value: string): Promise<void> {
  if (isStore(session)) await session.set(key, value);
  else (session as Record<string, unknown>)[key] = value;
}

function isStore(session: SessionStore): session is KeyValueStore {
  return (
    'get' in session &&
    typeof session.get === 'function' &&
    'set' in session &&
    typeof session.set === 'function'
  );
}
