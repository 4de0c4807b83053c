import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Logger } from './logger.js';

/** Time between two looks (ms). */
const LOOK_MS = 1_000;
/** The event loop is idle while it works for less than this share of the time. */
const IDLE_SHARE = 0.1;
/** Idle looks in a row after which memory is given back. After a start, which leaves the most, one is enough. */
const IDLE_LOOKS = 10;
/** The process must have grown by so much since (bytes): a collection interrupts it for a tenth of a second. */
const WORTH_BYTES = 25_000_000;

/** What `IdleMemory` looks at, and does. */
export interface ProcessMemory {
  /** Share of the time since the last call in which the event loop worked. */
  busyShare(): number;
  /** Resident memory (bytes). */
  resident(): number;
  /** Collects all garbage and gives free pages back to the operating system. */
  collect(): void;
}

/**
 * Gives memory back while the process is idle. V8 keeps what a start or a burst of requests has filled, a quarter of the
 * process, until it needs it again: docs/decisions/074-an-idle-process-gives-memory-back.md.
 */
export class IdleMemory {
  private idleLooks = IDLE_LOOKS - 1;
  /** Resident memory after the last collection (bytes); `null` until the look after it, when the pages are gone. */
  private base: number | null = 0;

  constructor(
    private readonly memory: ProcessMemory,
    private readonly logger: Pick<Logger, 'debug'>,
  ) {}

  /** Looks once a second, as long as the process runs. */
  static watch(logger: Logger): void {
    const idleMemory = new IdleMemory(ownMemory(), logger);
    setInterval(() => idleMemory.look(), LOOK_MS).unref();
  }

  look(): void {
    this.base ??= this.memory.resident();
    this.idleLooks = this.memory.busyShare() < IDLE_SHARE ? this.idleLooks + 1 : 0;
    if (this.idleLooks < IDLE_LOOKS) return;
    this.idleLooks = 0;
    const resident = this.memory.resident();
    if (resident < this.base + WORTH_BYTES) return;
    const begun = performance.now();
    this.memory.collect();
    this.base = null;
    this.logger.debug({
      resident,
      ms: Math.round(performance.now() - begun),
      msg: 'memory was given back while the process is idle',
    });
  }
}

function ownMemory(): ProcessMemory {
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  return {
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    resident: () => process.memoryUsage.rss(),
    collect() {
      // V8 has no other way that gives the pages of the young generation back.
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc') as NodeJS.GCFunction;
      gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    },
  };
}
