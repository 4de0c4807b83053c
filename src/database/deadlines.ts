import { requestContext } from '../http/request-context.js';

/** An answer later than this counts as none, all attempts together: 503 within 2 s, whatever the network does. */
const DEADLINE_MS = 1_800;
/** What is left at least for each of the further works of a request. */
const LEAST_MS = 600;
/** Quicker works are not counted: a request may have many of them, such as an export. */
const QUICK_MS = 100;

/**
 * Until when a work may take, on the clock of `performance.now()`. The works of one request share one deadline: one
 * that waited long for a connection leaves less to the next one, which would wait for the same lock.
 */
export class Deadlines {
  /** What the slow works of a request have taken so far (ms), by its context. */
  private readonly taken = new WeakMap<object, number>();

  /** Of a work that begins now. */
  next(): number {
    const context = requestContext();
    const taken = context ? (this.taken.get(context) ?? 0) : 0;
    return performance.now() + Math.max(LEAST_MS, DEADLINE_MS - taken);
  }

  /** Counts a work of the request that it belongs to. */
  async counted<T>(work: () => Promise<T>): Promise<T> {
    const context = requestContext();
    if (!context) return work();
    const begin = performance.now();
    try {
      return await work();
    } finally {
      const ms = performance.now() - begin;
      if (ms > QUICK_MS) this.taken.set(context, (this.taken.get(context) ?? 0) + ms);
    }
  }
}
