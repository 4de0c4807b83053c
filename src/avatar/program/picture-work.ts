import { encodeAvatar } from '../avatar-encoder.js';
import { AvatarFault } from '../avatar-fault.js';
import { AvatarFetcher } from '../avatar-fetcher.js';
import type { EncodedAvatar } from '../avatar-sizes.js';
import { AvatarSource } from '../avatar-source.js';
import {
  CPU_LIMIT_SIGNAL,
  type PictureOrder,
  type PictureReply,
  type PictureRequest,
  type PictureSettings,
} from '../picture-messages.js';

/**
 * Processor time of one picture (ms), 50 times what a large one needs. It is no time of a clock: at the lowest priority
 * the process may get a hundredth of a core.
 */
const MAX_CPU_MS = 5_000;
const WATCH_MS = 250;

/** A picture that waits for the decoder. */
interface Waiting {
  readonly id: number;
  readonly bytes: Buffer;
  readonly from: 'person' | 'wechat';
}

/**
 * Carries out the orders of the service. Pictures are fetched as they are ordered, and decoded one at a time; those
 * that a person waits for go first.
 */
export class PictureWork {
  private readonly fetcher: AvatarFetcher;
  private readonly fetching = new Map<number, AbortController>();
  private readonly uploads: Waiting[] = [];
  private readonly copies: Waiting[] = [];
  private isDecoding = false;

  constructor(
    { sandboxOrigin, proxy }: PictureSettings,
    milliseconds: number,
    private readonly send: (reply: PictureReply) => void,
  ) {
    this.fetcher = new AvatarFetcher(new AvatarSource(sandboxOrigin), { proxy, milliseconds });
  }

  take(request: PictureRequest): void {
    if (request.kind === 'order') this.begin(request.id, request.order);
    else if (request.kind === 'cancel') this.cancel(request.id);
  }

  private begin(id: number, order: PictureOrder): void {
    if (order.kind === 'copy') {
      void this.fetch(id, order.url);
      return;
    }
    this.uploads.push({ id, bytes: order.bytes, from: 'person' });
    void this.decode();
  }

  /** A picture that is being decoded is not interrupted: that takes less time than a signal would save. */
  private cancel(id: number): void {
    this.fetching.get(id)?.abort();
    const index = this.copies.findIndex((waiting) => waiting.id === id);
    if (index >= 0) this.copies.splice(index, 1);
  }

  private async fetch(id: number, url: string): Promise<void> {
    const controller = new AbortController();
    this.fetching.set(id, controller);
    try {
      const bytes = await this.fetcher.fetch(url, controller.signal);
      if (controller.signal.aborted) return;
      this.copies.push({ id, bytes, from: 'wechat' });
      void this.decode();
    } catch (error) {
      this.fail(id, error);
    } finally {
      this.fetching.delete(id);
    }
  }

  private async decode(): Promise<void> {
    if (this.isDecoding) return;
    this.isDecoding = true;
    for (let next = this.next(); next; next = this.next()) {
      const { id, bytes, from } = next;
      this.send({ kind: 'decoding', id });
      try {
        this.send({ kind: 'done', id, pictures: await watched(encodeAvatar(bytes, from)) });
      } catch (error) {
        this.fail(id, error);
      }
    }
    this.isDecoding = false;
  }

  private next(): Waiting | undefined {
    return this.uploads.shift() ?? this.copies.shift();
  }

  private fail(id: number, error: unknown): void {
    const { reason, detail } = error instanceof AvatarFault ? error : new AvatarFault('content');
    this.send({ kind: 'fault', id, reason, detail });
  }
}

/** Ends the process where decoding takes too much of the processor: the decoder itself cannot be interrupted. */
async function watched(decoding: Promise<EncodedAvatar[]>): Promise<EncodedAvatar[]> {
  const begun = process.cpuUsage();
  const watch = setInterval(() => {
    const { user, system } = process.cpuUsage(begun);
    if (user + system > MAX_CPU_MS * 1_000) process.kill(process.pid, CPU_LIMIT_SIGNAL);
  }, WATCH_MS);
  return decoding.finally(() => clearInterval(watch));
}
