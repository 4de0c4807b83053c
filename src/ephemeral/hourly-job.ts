import { Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import type { EphemeralStore } from './ephemeral-store.js';

const HOUR_MS = 60 * 60 * 1_000;
/** How often an instance looks whether it is its turn (real time). */
const LOOK_EVERY_MS = 10 * 60 * 1_000;

/**
 * Work that one of all instances does once an hour, in the background. A mark in the store says that somebody has
 * it; one who fails or dies over it is followed by somebody else an hour later.
 */
export class HourlyJob {
  private readonly logger = new Logger(HourlyJob.name);
  private readonly stopping = new AbortController();
  private running: Promise<boolean> | null = null;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param name lower-case words with hyphens
   * @param work takes its time, and stops between two steps when it is told to
   */
  constructor(
    private readonly store: EphemeralStore,
    private readonly name: string,
    private readonly work: (stopping: AbortSignal) => Promise<void>,
  ) {}

  /** From now on, every hour. */
  start(): void {
    this.timer = setInterval(() => void this.run(), LOOK_EVERY_MS).unref();
  }

  /** Does the work if nobody has done it within the hour. Never rejects. @returns whether it was done here and now */
  run(): Promise<boolean> {
    this.running ??= this.attempt().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /** Not again, and waits for the step under way. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.running;
  }

  private async attempt(): Promise<boolean> {
    try {
      if (this.stopping.signal.aborted) return false;
      if (!(await this.store.setIfAbsent(`hourly:${this.name}`, '1', HOUR_MS))) return false;
      await this.work(this.stopping.signal);
      return true;
    } catch (error) {
      const { name: job } = this;
      const msg = 'an hourly job failed';
      if (error instanceof AppError) this.logger.warn({ job, code: error.code, msg });
      else this.logger.error({ job, error: describeError(error), msg });
      return false;
    }
  }
}
