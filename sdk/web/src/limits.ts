/* All times (ms) and bounds of the package; in one file, so that the bundler writes them as numbers. */

/** As long as a timer can wait: 11 days. */
export const FOREVER_MS = 1e9;

/** Time for an answer of the service. */
export const TIMEOUT_MS = 10_000;
export const TRIES = 3;
/** A longer Retry-After is left to the caller (seconds). */
export const MAX_WAIT = 10;
/** The longest time after a failure in which nothing is asked (seconds). */
export const MAX_PAUSE = 60;

/** An access token is renewed so long before it expires, or a quarter of a shorter life. */
export const MARGIN_MS = 60_000;
/** Time for another tab to answer: one that is known to have newer tokens, and one that may have. */
export const KNOWN_PEER_MS = 3000;
export const PEER_MS = 300;
/** After so long a tab goes on without the lock: the service answers two concurrent refreshes alike. */
export const LOCK_MS = 15_000;
/** Time in which another tab would overwrite a lease in localStorage. */
export const SETTLE_MS = 30;
/** Number of sessions whose generation is remembered. */
export const MAX_SESSIONS = 20;
/** Generation of a session that has ended. */
export const ENDED = 1e9;

/** A stream without an event by then is held back by a proxy. */
export const FIRST_EVENT_MS = 5000;
/** The heartbeat of a stream comes every 15 seconds. */
export const SILENCE_MS = 20_000;
/** So many streams in a row without an event: poll instead. */
export const MAX_BROKEN = 2;
export const POLL_MS = 2000;
export const MAX_POLL_MS = 16_000;
/** A code is renewed so often without an action of the person. */
export const MAX_RENEWALS = 5;
/** Time to read that the code has expired. */
export const RENEWAL_MS = 1500;
