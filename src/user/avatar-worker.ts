import { Injectable, Logger } from '@nestjs/common';
import { AvatarFault } from '../avatar/avatar-fault.js';
import { AvatarStore } from '../avatar/avatar-store.js';
import { COPIES_AT_ONCE } from '../avatar/picture-limits.js';
import { PictureProcess } from '../avatar/picture-process.js';
import { type Concurrency, Lane, type LaneLog, type Outcome, type Work } from '../background/lane.js';
import { LeaseWorker } from '../background/lease-worker.js';
import { WorkerServices } from '../background/worker-services.js';
import { AvatarJobs } from './avatar-jobs.js';
import { AvatarQueue, type ClaimedJob } from './avatar-queue.js';
import { UserAvatars } from './user-avatars.js';

/** Pictures of logins that follow each other so closely are claimed together (ms): a claim is five statements. */
const GATHER_MS = 200;
const FIRST_DELAY_MS = 60_000;
const LONGEST_DELAY_MS = 24 * 60 * 60_000;
/** With delays that double, a copy is given up after about eight hours. The next login enqueues it again. */
const MAX_COPY_ATTEMPTS = 10;

/** Copies and deletes avatars in the background. */
@Injectable()
export class AvatarWorker extends LeaseWorker<ClaimedJob> {
  private gathering: NodeJS.Timeout | null = null;

  constructor(
    services: WorkerServices,
    private readonly jobs: AvatarJobs,
    queue: AvatarQueue,
    pictures: PictureProcess,
    store: AvatarStore,
    userAvatars: UserAvatars,
  ) {
    const lane = new Lane(new AvatarWork(queue, pictures, store, userAvatars));
    super(AvatarWorker.name, services, { queue: 'avatars', lanes: [lane], graceMs: 0 });
  }

  override onApplicationBootstrap(): void {
    super.onApplicationBootstrap();
    this.jobs.listen(() => {
      this.gathering ??= setTimeout(() => {
        this.gathering = null;
        this.wake();
      }, GATHER_MS).unref();
    });
  }
}

class AvatarWork implements Work<ClaimedJob> {
  readonly concurrency: Concurrency = { least: COPIES_AT_ONCE, most: COPIES_AT_ONCE, freeShare: 0.5 };
  readonly log: LaneLog = {
    logger: new Logger(AvatarWorker.name),
    about: {},
    keyField: 'job',
    retry: 'not done yet',
  };

  constructor(
    readonly queue: AvatarQueue,
    private readonly pictures: PictureProcess,
    private readonly store: AvatarStore,
    private readonly userAvatars: UserAvatars,
  ) {}

  claim(limit: number): Promise<ClaimedJob[]> {
    return this.queue.claimJobs(limit);
  }

  /** No reason contains a picture's URL or key, because a URL at WeChat identifies a person. */
  async attempt(job: ClaimedJob, signal: AbortSignal): Promise<Outcome> {
    try {
      if (job.kind === 'delete') {
        await this.store.delete(job.avatarKey);
        return { kind: 'done' };
      }
      await this.userAvatars.adopt(job, await this.pictures.copy(job.url, signal));
      return { kind: 'settled' };
    } catch (error) {
      if (!(error instanceof AvatarFault)) throw error;
      if (error.reason === 'stopped') return { kind: 'interrupted' };
      return { kind: error.permanent ? 'refused' : 'failed', reason: error.message };
    }
  }

  finish(jobs: readonly ClaimedJob[]): Promise<void> {
    return this.queue.finish(jobs);
  }

  giveUp(job: ClaimedJob): Promise<void> {
    return this.queue.finish([job]);
  }

  /** A deletion is never given up: a picture that a person deleted must be erased. */
  backoff(attempts: number, { kind }: ClaimedJob): number | null {
    if (kind === 'copy' && attempts >= MAX_COPY_ATTEMPTS) return null;
    return Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), LONGEST_DELAY_MS);
  }
}
