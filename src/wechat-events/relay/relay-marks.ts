import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyRing, SealError } from '../../crypto/key-ring.js';
import { EphemeralStore } from '../../ephemeral/ephemeral-store.js';
import type { RetryPlan } from '../push-answer.js';
import type { ReceiverAnswer } from './relay-sender.js';

const MINUTE_MS = 60 * 1_000;
/** Longer than a forward takes. After a crash a repeat of WeChat waits no longer. */
const UNDER_WAY_MS = 10_000;
/** Longer than WeChat's three tries, and the first repeats of a notice of payment. */
const ANSWER_TTL_MS = 5 * MINUTE_MS;
/** Larger answers are not remembered: a repeat is forwarded again. */
const MAX_ANSWER_BYTES = 16 * 1024;
/** As long as WeChat repeats a push. */
const COPIED_TTL_MS: Readonly<Record<RetryPlan, number>> = {
  'three-tries': 5 * MINUTE_MS,
  question: 5 * MINUTE_MS,
  'until-taken': 24 * 60 * MINUTE_MS,
};

/** An answer as text. Its body is base64. */
type Written = Omit<ReceiverAnswer, 'body'> & { readonly body: string };

/** What all instances know of the pushes of the last minutes, by the keys of the pushes. */
@Injectable()
export class RelayMarks {
  constructor(
    private readonly store: EphemeralStore,
    private readonly keyRing: KeyRing,
  ) {}

  /**
   * Begins to handle a push, on one instance at a time.
   * @returns ends it; never rejects. `null` while another request handles the push.
   * @throws AppError STORE_UNAVAILABLE
   */
  async begin(key: string): Promise<(() => Promise<void>) | null> {
    const mark = `push-forward:${key}`;
    const own = randomUUID();
    if (!(await this.store.setIfAbsent(mark, own, UNDER_WAY_MS))) return null;
    return async () => {
      // Not deleted: after a long stall the mark may be another request's.
      await this.store.replace(mark, own, 'ended', 1).catch(() => undefined);
    };
  }

  /** The answer that a receiver gave. @throws AppError STORE_UNAVAILABLE */
  async answerTo(key: string): Promise<ReceiverAnswer | null> {
    const sealed = await this.store.get(`push-answer:${key}`);
    const text = sealed === null ? null : this.opened(sealed, key);
    if (text === null) return null;
    const { body, ...head } = JSON.parse(text) as Written;
    return { ...head, body: Buffer.from(body, 'base64') };
  }

  /**
   * Remembers an answer for WeChat's repeats, unless it is large or may be an encrypted envelope, whose nonce belongs
   * to one try.
   * @throws AppError STORE_UNAVAILABLE
   */
  async remember(key: string, answer: ReceiverAnswer): Promise<void> {
    const { body, ...head } = answer;
    if (answer.contentEncoding !== null || body.length > MAX_ANSWER_BYTES || /encrypt/i.test(body.toString()))
      return;
    const text = JSON.stringify({ ...head, body: body.toString('base64') } satisfies Written);
    await this.store.set(`push-answer:${key}`, this.keyRing.seal(text, place(key)), ANSWER_TTL_MS);
  }

  /** Whether the copies of a push are kept or delivered. @throws AppError STORE_UNAVAILABLE */
  async isCopied(key: string): Promise<boolean> {
    return (await this.store.get(`push-copied:${key}`)) !== null;
  }

  /** Notes that they are. @throws AppError STORE_UNAVAILABLE */
  async copied(key: string, plan: RetryPlan): Promise<void> {
    await this.store.set(`push-copied:${key}`, '1', COPIED_TTL_MS[plan]);
  }

  /** `null` for what another key has sealed: the push is then forwarded again. */
  private opened(sealed: string, key: string): string | null {
    try {
      return this.keyRing.open(sealed, place(key));
    } catch (error) {
      if (error instanceof SealError) return null;
      throw error;
    }
  }
}

function place(key: string): string {
  return `push-answer:${key}`;
}
