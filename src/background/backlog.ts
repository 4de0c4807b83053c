import type { Clock } from '../common/clock.js';
import type { Backlog } from '../common/metrics.js';

/** Work that waits in one place: a lane of a queue, or what feeds it. */
export interface WaitingWork {
  /** Items that are due, leased or postponed. */
  readonly waiting: number;
  readonly due: number;
  /** Since when the oldest due item has been due (ms since the epoch); `null` where none is due. */
  readonly dueSince: number | null;
}

/** Rows that one reading counts at most in one place: a large backlog must not make the reading slow. */
export const MOST_COUNTED = 4_000;

/** How long a reading is reused: however often the metrics are read, they ask the database no more often (ms). */
const FRESH_MS = 10_000;

/** Reads the backlog of a queue for the metrics, at most once in ten seconds. */
export class BacklogReading {
  private readAt = -Infinity;
  private reading: Promise<Backlog> | null = null;

  /** @param read reads each place in which work of the queue waits */
  constructor(
    private readonly clock: Clock,
    private readonly read: () => Promise<readonly WaitingWork[]>,
  ) {}

  /** @throws AppError DATABASE_UNAVAILABLE, for ten seconds without asking again */
  current(): Promise<Backlog> {
    const now = this.clock.now();
    if (this.reading === null || Math.abs(now - this.readAt) >= FRESH_MS) {
      this.readAt = now;
      this.reading = this.read().then((places) => sum(places, now));
    }
    return this.reading;
  }
}

function sum(places: readonly WaitingWork[], now: number): Backlog {
  const since = places.flatMap(({ dueSince }) => (dueSince === null ? [] : [dueSince]));
  return {
    waiting: places.reduce((total, { waiting }) => total + waiting, 0),
    due: places.reduce((total, { due }) => total + due, 0),
    oldestSeconds: Math.max(0, ...since.map((at) => (now - at) / 1_000)),
  };
}
