import { Logger, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { untilAborted } from '../outgoing/until-aborted.js';
import { AvatarFault } from './avatar-fault.js';
import type { EncodedAvatar } from './avatar-sizes.js';
import type { PictureOrder, PictureSettings } from './picture-messages.js';
import { type EndCause, ProcessEnded, RunningPictures } from './running-pictures.js';
import type { PictureProgram } from './picture-program.js';
import { Slots } from './slots.js';

/** How long the process is kept without an order (ms). It starts in about a tenth of a second. */
const IDLE_MS = 60_000;
/** After a start that failed the next one waits so long (ms), and so do the orders that need it. */
const RESTART_MS = 3_000;
/** How long a person waits for the picture that they sent, once it has a slot (ms). */
const UPLOAD_MS = 8_000;
/** Uploads that are under way when the service stops have so long (ms): their answer is to leave before it ends. */
const UPLOAD_GRACE_MS = 4_000;
/**
 * After how many ends of the process an order fails. A picture that ends the decoder twice is unusable. One at which the
 * process was killed is left to the caller, as is one that others took the process from: it may be a good one.
 */
const MAX_ENDS: Readonly<Record<EndCause, number>> = { decoder: 2, killed: 2, waiting: 5 };

/**
 * Fetches and encodes pictures in a process of the lowest priority, so that they never compete with requests, and so
 * that a decoder that crashes, hangs or is taken over holds neither the service nor its secrets. The process starts
 * with the first order, again after a crash, and ends when it has had nothing to do for a while.
 */
export class PictureProcess implements OnModuleDestroy, OnApplicationShutdown {
  private readonly logger = new Logger(PictureProcess.name);
  private readonly uploads = new Slots(
    { concurrency: 2, maxQueue: 16, timeoutMs: 5_000 },
    () => new AvatarFault('busy'),
  );
  private running: RunningPictures | null = null;
  private starting: Promise<RunningPictures> | null = null;
  private startsAgainAt = 0;
  private idle: NodeJS.Timeout | undefined;
  private orders = 0;
  private readonly closing = new AbortController();

  constructor(
    private readonly program: PictureProgram,
    private readonly settings: PictureSettings,
  ) {}

  /**
   * Fetches a picture from WeChat, and encodes it in every size.
   * @param signal is to abort before the service ends
   * @throws AvatarFault any
   */
  copy(url: string, signal: AbortSignal): Promise<readonly EncodedAvatar[]> {
    return this.carryOut({ kind: 'copy', url }, signal);
  }

  /**
   * Encodes a picture that a person sent in every size, before pictures that nobody waits for.
   * @throws AvatarFault content, busy, time, unavailable, stopped
   */
  encode(bytes: Buffer): Promise<readonly EncodedAvatar[]> {
    return this.uploads.run(async () => {
      const limit = AbortSignal.timeout(UPLOAD_MS);
      try {
        return await this.carryOut({ kind: 'encode', bytes }, AbortSignal.any([this.closing.signal, limit]));
      } catch (error) {
        throw limit.aborted ? new AvatarFault('time') : error;
      }
    });
  }

  /** The first hook of a stop: later ones wait for the answers of uploads. */
  onModuleDestroy(): void {
    setTimeout(() => this.closing.abort(), UPLOAD_GRACE_MS).unref();
  }

  onApplicationShutdown(): void {
    this.closing.abort();
    clearTimeout(this.idle);
    this.running?.end();
    this.starting?.then(
      (running) => running.end(),
      () => undefined,
    );
  }

  private async carryOut(order: PictureOrder, signal: AbortSignal): Promise<readonly EncodedAvatar[]> {
    clearTimeout(this.idle);
    this.orders++;
    try {
      return await this.repeat(order, signal);
    } catch (error) {
      throw signal.aborted ? new AvatarFault('stopped') : error;
    } finally {
      this.orders--;
      if (this.orders === 0) this.idle = setTimeout(() => this.running?.end(), IDLE_MS).unref();
    }
  }

  private async repeat(order: PictureOrder, signal: AbortSignal): Promise<readonly EncodedAvatar[]> {
    const ends: Record<EndCause, number> = { decoder: 0, killed: 0, waiting: 0 };
    for (;;) {
      signal.throwIfAborted();
      const running = await untilAborted(this.started(), signal);
      try {
        return await running.carryOut(order, signal);
      } catch (error) {
        if (!(error instanceof ProcessEnded)) throw error;
        const { endCause } = error;
        if (++ends[endCause] < MAX_ENDS[endCause]) continue;
        if (endCause === 'decoder') throw new AvatarFault('content', 'the decoder ended');
        throw new AvatarFault('unavailable', 'it was ended');
      }
    }
  }

  private started(): Promise<RunningPictures> {
    if (this.running) return Promise.resolve(this.running);
    this.starting ??= this.start().finally(() => {
      this.starting = null;
    });
    return this.starting;
  }

  /** @throws AvatarFault unavailable, stopped */
  private async start(): Promise<RunningPictures> {
    await this.untilStartIsDue();
    if (this.closing.signal.aborted) throw new AvatarFault('stopped');
    const running = new RunningPictures(this.program, this.settings, (how) => {
      if (this.running === running) this.running = null;
      if (how !== null) this.logger.warn({ how, msg: 'the picture process ended and is started again' });
    });
    try {
      await running.ready;
    } catch (error) {
      this.startsAgainAt = performance.now() + RESTART_MS;
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.error({ reason, msg: 'the picture process could not be started' });
      throw new AvatarFault('unavailable');
    }
    this.running = running;
    return running;
  }

  private async untilStartIsDue(): Promise<void> {
    const delay = this.startsAgainAt - performance.now();
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay).unref());
  }
}
