import { randomInt } from 'node:crypto';
import type { SandboxClock } from '../state/clock.js';
import { dropOldest } from '../state/drop-oldest.js';
import { newUuid } from '../state/ids.js';
import type { ServiceAddress } from '../state/service-address.js';
import { type Letter, letterOf, type PushManner, type Stamp } from './letter.js';
import type { PushMessage } from './message.js';
import { planOf, type RetryPlan } from './plan.js';
import { type Answered, pushUrl, sendPush } from './send.js';
import { isTaken } from './taken.js';

/** A push as it was sent, and where. */
export interface Sent extends Letter {
  url: string;
}

/** One try of a push. */
export interface Try extends Answered {
  /** Milliseconds of the sandbox's clock. */
  at: number;
}

/** A push and its tries. */
export interface Delivery {
  readonly id: string;
  readonly message: PushMessage;
  /** Null: the sandbox does not know the token of the app, and sends nothing. */
  readonly manner: PushManner | null;
  /** Milliseconds. */
  readonly createdAt: number;
  readonly tries: Try[];
  /** As it was sent first. */
  letter: Sent | null;
  state: 'waiting' | 'delivered' | 'lost' | 'unsent';
  /** When the next try is due, milliseconds. */
  nextAt: number | null;
}

/** How a push is sent. */
export interface Sending {
  manner: PushManner | null;
  /** A stamp that stays the same at each try; default: a new one. */
  stamp?: Partial<Stamp>;
  timeoutSeconds?: number | undefined;
  /** Called once, when an answer was taken. */
  onDelivered?: (() => void) | undefined;
}

const MOST_DELIVERIES = 1000;
/** How long a move of the source of the clock may stay unnoticed, ms. */
const LOOK_AGAIN_MS = 1000;

interface Work {
  delivery: Delivery;
  plan: RetryPlan;
  sending: Sending & { manner: PushManner };
  /** The tries under way; null: none. */
  running: Promise<void> | null;
}

/** The pushes of WeChat to the service, their repeats and what became of them (sections 13.4, 15.2). */
export class Pushes {
  private readonly deliveries = new Map<string, Delivery>();
  private readonly waiting = new Map<string, Work>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly clock: SandboxClock,
    private readonly service: ServiceAddress,
    private readonly timeoutSeconds: () => number,
  ) {
    clock.onMove(() => void this.sendDue());
  }

  /** Builds and signs a push as it would be sent now. */
  letter(message: PushMessage, manner: PushManner, stamp: Partial<Stamp> = {}): Sent {
    const { timestamp = String(Math.floor(this.clock.now() / 1000)), nonce = String(randomInt(1e8, 2e9)) } =
      stamp;
    const letter = letterOf(message, manner, { timestamp, nonce });
    return { ...letter, url: pushUrl(this.service.url, message.appId, letter.query) };
  }

  /** Begins to send a push. `first` resolves after the tries that follow one another without a wait. */
  send(message: PushMessage, sending: Sending): { delivery: Delivery; first: Promise<void> } {
    const { manner } = sending;
    const now = this.clock.now();
    const delivery: Delivery = {
      id: newUuid(),
      message,
      manner,
      createdAt: now,
      tries: [],
      letter: null,
      state: manner ? 'waiting' : 'unsent',
      nextAt: manner ? now : null,
    };
    this.deliveries.set(delivery.id, delivery);
    dropOldest(this.deliveries, MOST_DELIVERIES);
    if (!manner) return { delivery, first: Promise.resolve() };
    const work = { delivery, plan: planOf(message.event), sending: { ...sending, manner }, running: null };
    this.waiting.set(delivery.id, work);
    dropOldest(this.waiting, MOST_DELIVERIES);
    return { delivery, first: this.run(work) };
  }

  /** Sends what is due, and resolves when that is answered. */
  async sendDue(): Promise<void> {
    await Promise.all([...this.waiting.values()].map((work) => this.run(work)));
  }

  /** The pushes, newest first; those before the one of this id. */
  newest(limit: number, before?: string): Delivery[] {
    const all = [...this.deliveries.values()].reverse();
    const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1;
    return all.slice(from, from + limit);
  }

  find(id: string): Delivery | undefined {
    return this.deliveries.get(id);
  }

  /** Forgets all pushes, and sends none of them again. */
  reset(): void {
    this.deliveries.clear();
    this.waiting.clear();
    this.wake();
  }

  private run(work: Work): Promise<void> {
    work.running ??= this.tryWhileDue(work).finally(() => {
      work.running = null;
      this.wake();
    });
    return work.running;
  }

  private async tryWhileDue(work: Work): Promise<void> {
    const { delivery } = work;
    while (this.waiting.has(delivery.id) && delivery.nextAt !== null && delivery.nextAt <= this.clock.now()) {
      await this.tryOnce(work, delivery.nextAt);
    }
  }

  private async tryOnce({ delivery, plan, sending }: Work, plannedAt: number): Promise<void> {
    const { manner, stamp, timeoutSeconds = this.timeoutSeconds() } = sending;
    const at = this.clock.now();
    const letter = this.letter(numbered(delivery), manner, stamp);
    delivery.letter ??= letter;
    const answered = await sendPush(letter, timeoutSeconds);
    const wait = plan.waits[delivery.tries.length];
    delivery.tries.push({ ...answered, at });
    const taken = isTaken(answered, plan, manner);
    const isOver = taken || wait === undefined;
    // Counted from the plan and not from the answer: a clock that moves far has all that is due sent (decision 061).
    delivery.nextAt = isOver ? null : plannedAt + wait * 1000;
    if (!isOver) return;
    delivery.state = taken ? 'delivered' : 'lost';
    // After a reset the order that it tells of does not exist any more.
    if (this.waiting.delete(delivery.id) && taken) sending.onDelivered?.();
  }

  /** Sets the timer for the next try. */
  private wake(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const due = [...this.waiting.values()].flatMap(({ delivery: { nextAt }, running }) =>
      nextAt === null || running ? [] : [nextAt],
    );
    if (due.length === 0) return;
    const wait = Math.min(Math.max(Math.min(...due) - this.clock.now(), 0), LOOK_AGAIN_MS);
    this.timer = setTimeout(() => void this.sendDue(), wait).unref();
  }
}

/** The message of the next try: `RetryTimes` of a virtual payment's notice counts the tries before (section 13.4). */
function numbered({ message, tries }: Delivery): PushMessage {
  if (!message.event?.startsWith('xpay_') || message.event === 'xpay_subscribe_ios_refund_query_notify') {
    return message;
  }
  return { ...message, fields: { ...message.fields, RetryTimes: tries.length } };
}
