import { fingerprint } from '../../crypto/secret.js';
import { type RetryPlan, retryPlan } from '../push-answer.js';
import { personOf, pushKey } from '../push-key.js';
import type { Push } from '../push-message.js';
import type { PushRequest } from '../push-request.js';
import type { RelayReceiver } from './relay-receiver.js';
import type { Sent } from './relay-sender.js';
import type { KeptPush } from './relayed-pushes.js';

/** A push as it arrived. */
export interface ArrivedPush {
  readonly appId: string;
  readonly push: Push;
  readonly request: PushRequest;
  /** On the clock of `performance.now()`. */
  readonly arrivedAt: number;
}

/** `RetryTimes` of the last repeat of a notice of virtual payment (wechat-api-2.md section 13.4). */
const LAST_RETRY = 15;

/** One try of a push on its way through the relay. */
export class Passage {
  readonly key: string;
  readonly plan: RetryPlan;
  /** The request to the first receiver. `null` before, and where none is sent. */
  request: Promise<Sent> | null = null;
  /** Ends when the answer is remembered, if it is. */
  remembering: Promise<void> | null = null;
  /** The push is kept for the first receiver. */
  isKept = false;
  private readonly person: string;

  /** @param receivedAt milliseconds since the epoch */
  constructor(
    readonly arrived: ArrivedPush,
    private readonly receivedAt: number,
  ) {
    const { appId, push } = arrived;
    const person = personOf(push);
    this.key = pushKey(appId, push);
    this.plan = retryPlan(push);
    // What concerns nobody waits for nothing else.
    this.person = person === '' ? this.key : fingerprint(`${appId}\n${person}`);
  }

  /** Whether WeChat will not send it again. */
  get isLastTry(): boolean {
    return Number(this.arrived.push.fields.get('RetryTimes')) >= LAST_RETRY;
  }

  /**
   * The push as it is kept for the first receiver.
   * @param dueAt milliseconds since the epoch
   * @param isLast whether it goes behind all that waits
   */
  original(receiver: RelayReceiver, dueAt: number, isLast: boolean): KeptPush {
    return { ...this.copy(receiver, dueAt), isLast, isNotice: this.plan === 'until-taken' };
  }

  /** The push as it is kept for a further receiver. Its answer is nobody's, so any success counts. */
  copy(receiver: RelayReceiver, dueAt: number): KeptPush {
    return {
      receivedAt: this.receivedAt,
      isLast: true,
      ...this.mailbox(receiver),
      pushKey: this.key,
      isNotice: false,
      push: this.arrived.request,
      dueAt,
    };
  }

  /** Where it waits for a receiver. */
  mailbox({ key: receiver }: RelayReceiver): { receiver: string; person: string } {
    return { receiver, person: this.person };
  }
}
