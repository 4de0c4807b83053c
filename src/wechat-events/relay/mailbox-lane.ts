import type { Concurrency, LaneLog, Outcome, Work } from '../../background/lane.js';
import { type Leased, LeaseQueue } from '../../background/lease-queue.js';
import type { LeaseTable } from '../../background/lease-table.js';
import type { Clock } from '../../common/clock.js';
import { SealError } from '../../crypto/key-ring.js';
import type { Database } from '../../database/database.js';
import { execute } from '../../database/statements.js';
import type { EventLog } from '../../events/event-log.js';
import { takesNotice } from '../push-answer.js';
import type { RelayReceiver } from './relay-receiver.js';
import { relayedPushId, type RelaySender, type Sent } from './relay-sender.js';
import type { RelayTiming } from './relay-timing.js';
import type { RelayedPushes, WaitingPush } from './relayed-pushes.js';

const PUSH_MAILBOXES: LeaseTable = {
  name: 'push_mailboxes',
  key: 'person',
  lane: 'receiver',
  payload: [],
  // An attempt delivers for half a minute, and a delivery takes 9 s.
  leaseMs: 60_000,
};
/** How long an attempt goes on with further pushes of the mailbox (ms). */
const ATTEMPT_MS = 30_000;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DELAYS_MS = [5 * SECOND_MS, 15 * SECOND_MS, 30 * SECOND_MS, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS];
const LONGEST_DELAY_MS = 10 * MINUTE_MS;
/** A push that cannot be delivered for so long is given up. */
const PATIENCE_MS = 24 * 60 * MINUTE_MS;

/** Services that the lanes of all receivers share. */
export interface MailboxServices {
  readonly database: Database;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly pushes: RelayedPushes;
  readonly sender: RelaySender;
  readonly timing: RelayTiming;
}

/**
 * The mailboxes of one receiver. An attempt delivers the pushes of one person one after another and ends with the
 * first that fails, so that their order is kept. The key of an item is the person's fingerprint.
 */
export class MailboxLane implements Work<Leased> {
  readonly queue: LeaseQueue<object>;
  readonly concurrency: Concurrency = { least: 4, most: 64, freeShare: 0.5 };

  constructor(
    private readonly receiver: RelayReceiver,
    private readonly services: MailboxServices,
    readonly log: LaneLog,
  ) {
    this.queue = new LeaseQueue(services.database, services.clock, PUSH_MAILBOXES, receiver.key);
  }

  claim(limit: number): Promise<Leased[]> {
    return this.queue.claim(limit);
  }

  async attempt(item: Leased, signal: AbortSignal): Promise<Outcome> {
    const until = performance.now() + ATTEMPT_MS;
    for (let hasProgress = false; ; hasProgress = true) {
      if (hasProgress && performance.now() > until) return this.startAnew(item);
      const push = await this.services.pushes.first(this.mailbox(item));
      if (push === null) {
        if (await this.isClosed(item)) return { kind: 'settled' };
        continue;
      }
      const fault = await this.deliver(push, signal);
      if (fault === null) await this.services.pushes.delivered(push.id);
      else if (signal.aborted) return { kind: 'interrupted' };
      else if (this.services.clock.now() - push.receivedAt >= PATIENCE_MS)
        await this.abandon(item, push, fault);
      else if (hasProgress) return this.startAnew(item);
      else return { kind: 'failed', reason: fault };
    }
  }

  /** Every attempt finishes its mailbox itself. */
  finish(): Promise<void> {
    return Promise.resolve();
  }

  /** Single pushes are given up, never a mailbox. */
  giveUp(): Promise<void> {
    return Promise.resolve();
  }

  backoff(attempts: number): number {
    return DELAYS_MS[attempts - 1] ?? LONGEST_DELAY_MS;
  }

  private mailbox({ key: person }: Leased): { receiver: string; person: string } {
    return { receiver: this.receiver.key, person };
  }

  /** @returns why the push was not delivered; `null` where it was */
  private async deliver(push: WaitingPush, stopping: AbortSignal): Promise<string | null> {
    try {
      const { isNotice, ...raw } = this.services.pushes.open(push);
      const deadline = AbortSignal.timeout(this.services.timing.forwardMs);
      const signal = AbortSignal.any([stopping, deadline]);
      const sent = await this.services.sender.send(this.receiver, relayedPushId(push.pushKey), raw, signal);
      return isDelivered(sent, isNotice) ? null : faultOf(sent);
    } catch (error) {
      // The ring may be the wrong one. After a restart with the right one nothing is lost.
      if (error instanceof SealError) return 'its key is not in ENCRYPTION_KEYS';
      throw error;
    }
  }

  /** Deletes the mailbox unless a push came meanwhile. @returns whether this attempt is over */
  private isClosed(item: Leased): Promise<boolean> {
    return this.services.database.transaction(async (manager) => {
      if ((await this.queue.held(manager, item)) === null) return true;
      if (!(await this.services.pushes.isEmpty(manager, this.mailbox(item)))) return false;
      await execute(manager, ...this.queue.finishing([item]));
      return true;
    });
  }

  /** Makes the mailbox due at once, as if nothing had failed before. */
  private async startAnew(item: Leased): Promise<Outcome> {
    await this.queue.release({ ...item, attempts: 1 });
    return { kind: 'settled' };
  }

  private async abandon(item: Leased, push: WaitingPush, reason: string): Promise<void> {
    const { name: receiver, appId } = this.receiver;
    const ageSeconds = Math.round((this.services.clock.now() - push.receivedAt) / 1_000);
    await this.services.database.transaction(async (manager) => {
      if ((await this.queue.held(manager, item)) === null) return;
      await execute(
        manager,
        { sql: 'DELETE FROM relayed_pushes WHERE id = ?', parameters: [push.id] },
        this.services.events.entry({
          type: 'push.given_up',
          userId: null,
          actor: 'system',
          details: { receiver, appId, ageSeconds, reason },
        }),
      );
    });
    this.log.logger.warn({ ...this.log.about, ageSeconds, msg: `a push was given up: ${reason}` });
  }
}

/** Any 2xx, whatever the body; for a notice of payment only the answer that WeChat wants. */
function isDelivered(sent: Sent, isNotice: boolean): boolean {
  if (isNotice) return sent.kind === 'answer' && takesNotice(sent.answer);
  const status = sent.kind === 'answer' ? sent.answer.status : sent.status;
  return status !== null && status >= 200 && status < 300;
}

function faultOf(sent: Sent): string {
  if (sent.kind === 'none') return sent.reason;
  return sent.answer.status === 200 ? 'not the answer that WeChat wants' : `status ${sent.answer.status}`;
}
