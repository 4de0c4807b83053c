import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import type { EphemeralStore } from './ephemeral-store.js';

const HOUR_MS = 60 * 60 * 1_000;
/** How often an instance looks whether it is its turn (real time). */
const LOOK_EVERY_MS = 10 * 60 * 1_000;

/**
 * Work that one of all instances does once an hour, in the background. A mark in the store says that somebody has
 * it; one who fails or dies over it is followed by somebody else an hour later. Nest starts and stops it.
 */
export abstract class HourlyJob implements OnApplicationBootstrap, BeforeApplicationShutdown {
  protected readonly logger = new Logger(this.constructor.name);
  private readonly stopping = new AbortController();
  private running: Promise<boolean> | null = null;
  private timer: NodeJS.Timeout | undefined;

  /** @param name lower-case words with hyphens */
  constructor(
    private readonly store: EphemeralStore,
    private readonly name: string,
  ) {}

  /** Takes its time, and stops between two steps when it is told to. */
  protected abstract work(stopping: AbortSignal): Promise<void>;

  /** From now on, every hour. */
  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.runDue(), LOOK_EVERY_MS).unref();
  }

  /** Does the work if nobody has done it within the hour. Never rejects. @returns whether it was done here and now */
  runDue(): Promise<boolean> {
    this.running ??= this.attempt().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /** Not again, and waits for the step under way. */
  async beforeApplicationShutdown(): Promise<void> {
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
