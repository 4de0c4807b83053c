import { AsyncResource } from 'node:async_hooks';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AvatarFault } from '../avatar/avatar-fault.js';
import { AvatarFetcher } from '../avatar/avatar-fetcher.js';
import { AvatarStore } from '../avatar/avatar-store.js';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import { Database } from '../database/database.js';
import { AvatarJobs } from './avatar-jobs.js';
import { AvatarQueue, type ClaimedJob } from './avatar-queue.js';
import { UserAvatars } from './user-avatars.js';

/** How often an instance looks for what is due, besides being woken (real time). */
const POLL_MS = 2_000;
/** Jobs at once: one slow server holds up no other picture, and a rush does not take all the memory. */
const AT_ONCE = 4;
const FIRST_DELAY_MS = 60_000;
const LONGEST_DELAY_MS = 24 * 60 * 60_000;
/** With delays that double, a copy is given up after about eight hours; the next login enqueues it again. */
const MAX_COPY_ATTEMPTS = 10;

/** Copies and deletes pictures in the background, beside the requests and behind the logins. */
@Injectable()
export class AvatarWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(AvatarWorker.name);
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private poll: NodeJS.Timeout | undefined;
  private filling: Promise<void> | null = null;
  private wanted = false;

  constructor(
    private readonly database: Database,
    private readonly jobs: AvatarJobs,
    private readonly queue: AvatarQueue,
    private readonly fetcher: AvatarFetcher,
    private readonly store: AvatarStore,
    private readonly userAvatars: UserAvatars,
  ) {}

  onApplicationBootstrap(): void {
    // Bound to no request: what runs in the background has no request's id, and is inside of nobody's transaction.
    this.jobs.listen(AsyncResource.bind(() => this.wake()));
    this.database.onOpen(() => {
      this.poll ??= setInterval(() => this.wake(), POLL_MS).unref();
      this.wake();
    });
  }

  /** Does all jobs that are due now, and comes back when they are done, put off or given up. */
  async runDue(): Promise<void> {
    this.wake();
    while (this.filling !== null || this.running.size > 0) await Promise.all([this.filling, ...this.running]);
  }

  /** Begins no job any more, breaks off what is being fetched and leaves it to the next instance. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.poll);
    this.stopping.abort();
    await this.filling;
    await Promise.all(this.running);
  }

  private wake(): void {
    this.wanted = true;
    this.filling ??= this.fill().finally(() => {
      this.filling = null;
    });
  }

  private async fill(): Promise<void> {
    try {
      while (this.wanted) {
        this.wanted = false;
        await this.takeJobs();
      }
    } catch (error) {
      this.tell(error, 'no jobs could be taken');
    }
  }

  private async takeJobs(): Promise<void> {
    while (this.running.size < AT_ONCE && !this.stopping.signal.aborted) {
      const free = AT_ONCE - this.running.size;
      const claimed = await this.queue.claim(free);
      for (const job of claimed) {
        const work = this.perform(job);
        this.running.add(work);
        void work.then(() => {
          this.running.delete(work);
          this.wake();
        });
      }
      if (claimed.length < free) return;
    }
  }

  /** Never rejects: what fails here comes again when the lease is over. */
  private async perform(job: ClaimedJob): Promise<void> {
    try {
      if (job.kind === 'delete') await this.remove(job);
      else await this.copy(job);
    } catch (error) {
      await this.afterFailure(job, error).catch((fault: unknown) => this.tell(fault, 'a job was left alone'));
    }
  }

  private async remove(job: ClaimedJob & { kind: 'delete' }): Promise<void> {
    await this.store.delete(job.avatarKey);
    await this.queue.remove(job);
  }

  private async copy(job: ClaimedJob & { kind: 'copy' }): Promise<void> {
    // One that killed the process each time was never counted as failed.
    if (job.attempts > MAX_COPY_ATTEMPTS) return this.giveUp(job, 'it never ended');
    await this.userAvatars.adopt(job, await this.fetcher.fetch(job.url, this.stopping.signal));
  }

  private async afterFailure(job: ClaimedJob, error: unknown): Promise<void> {
    if (error instanceof AvatarFault && error.reason === 'stopped') return this.queue.giveBack(job);
    if (error instanceof AvatarFault && error.permanent) return this.giveUp(job, error.message);
    this.tell(error, `a picture is not ${job.kind === 'copy' ? 'copied' : 'deleted'} yet`, job);
    // A deletion is never given up: what people want gone goes.
    if (job.kind === 'copy' && job.attempts >= MAX_COPY_ATTEMPTS) return this.giveUp(job, 'too many tries');
    await this.queue.postpone(job, Math.min(FIRST_DELAY_MS * 2 ** (job.attempts - 1), LONGEST_DELAY_MS));
  }

  private async giveUp(job: ClaimedJob, reason: string): Promise<void> {
    this.logger.warn({ job: job.id, attempts: job.attempts, msg: `a picture is not copied: ${reason}` });
    await this.queue.remove(job);
  }

  /** Nothing of addresses or keys: an address at WeChat says whose picture it is. */
  private tell(error: unknown, msg: string, job?: ClaimedJob): void {
    const about = job ? { job: job.id, attempts: job.attempts } : {};
    if (error instanceof AvatarFault) this.logger.warn({ ...about, msg: `${msg}: ${error.message}` });
    else if (error instanceof AppError) this.logger.warn({ ...about, code: error.code, msg });
    else this.logger.error({ ...about, error: describeError(error), msg });
  }
}
