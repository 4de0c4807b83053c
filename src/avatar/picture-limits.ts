/*
 * How long one picture may take. All are times of a clock, and long, because the picture process gets what others leave
 * of the processor: on a full machine a hundredth of a core.
 */

/** Names, connections, redirects, the last byte (ms). WeChat answers in a tenth of a second. */
export const FETCH_MS = 20_000;

/** Decoding and encoding (ms). */
export const DECODING_MS = 20_000;

/** Pictures that one instance copies at once: enough for a claim of several, and few, because pictures take memory. */
export const COPIES_AT_ONCE = 8;

/** Start of the process (ms). */
export const START_MS = 30_000;

/** Both sizes to a bucket, and the statements around that (ms). */
const STORE_MS = 30_000;

/** The last of the copies that were begun at once (ms): they are fetched together, and decoded one after the other. */
export const SLOWEST_COPY_MS = START_MS + FETCH_MS + COPIES_AT_ONCE * DECODING_MS + STORE_MS;
