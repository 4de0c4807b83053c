import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.js';

const HOUR_MS = 60 * 60 * 1_000;
/** How often an instance tries to take the mark (real time). */
const POLL_MS = 10 * 60 * 1_000;

/**
 * A job that one of all instances runs once an hour. The instance that sets a mark in the store runs the job. After a
 * failure or a crash, some instance runs it an hour later. Nest starts and stops it.
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

  /** The job itself. It returns between two steps once `stopping` is aborted. */
  protected abstract work(stopping: AbortSignal): Promise<void>;

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.runDue(), POLL_MS).unref();
  }

  /** Runs the job unless an instance has run it within the hour. Never rejects. @returns whether this call ran it */
  runDue(): Promise<boolean> {
    this.running ??= this.attempt().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /** Starts no further run, and waits for the current step. */
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
