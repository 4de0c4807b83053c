import { requestContext } from '../http/request-context.js';

/**
 * Total time for an operation and its retries (ms), so that a request is answered with 503 within 2 s
 * whatever the network does.
 */
const DEADLINE_MS = 1_800;
/** Minimum time for each further operation of the same request (ms). */
const MIN_MS = 600;
/** Faster operations are not counted (ms): a request may have many of them, for example an export. */
const UNCOUNTED_MS = 100;

/**
 * Deadlines of database operations, on the clock of `performance.now()`. The operations of one request share
 * one deadline: one that waited long for a connection leaves less time to the next, which would probably wait
 * for the same lock.
 */
export class Deadlines {
  /** Time that the slow operations of a request have taken (ms), by request context. */
  private readonly taken = new WeakMap<object, number>();

  /** The deadline of an operation that begins now. */
  next(): number {
    const context = requestContext();
    const taken = context ? (this.taken.get(context) ?? 0) : 0;
    return performance.now() + Math.max(MIN_MS, DEADLINE_MS - taken);
  }

  /** Counts the time of an operation of the current request. @param begin by `performance.now()` */
  count(begin: number): void {
    const ms = performance.now() - begin;
    if (ms <= UNCOUNTED_MS) return;
    const context = requestContext();
    if (context) this.taken.set(context, (this.taken.get(context) ?? 0) + ms);
  }
}
