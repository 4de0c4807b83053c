import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { codeOf, Metrics } from '../common/metrics.js';
import { PUSH_EVENTS, type PushLabel, type PushOutcome } from '../common/push-labels.js';
import { fingerprint } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { EventLog } from '../events/event-log.js';
import type { Push } from './push-message.js';

/** A kind of push that nobody wants gets one event in this time (ms), on all instances together. */
const WINDOW_MS = 60_000;
const EVENT_NAME = /^[a-z0-9_]{1,64}$/;

/** Counts what becomes of pushes, and records those that nobody wants. */
@Injectable()
export class PushRecord {
  private readonly logger = new Logger(PushRecord.name);

  constructor(
    private readonly metrics: Metrics,
    private readonly store: EphemeralStore,
    private readonly events: EventLog,
  ) {}

  count(push: Push, outcome: PushOutcome): void {
    this.metrics.push(labelOf(push), outcome);
  }

  /**
   * Counts a refusal, and logs it where WeChat or its sender is to blame: WeChat shows nobody the answer.
   * @param push `null` if it was refused before it was read
   */
  refused(push: Push | null, error: unknown): void {
    const code = codeOf(error);
    // The relay has counted it: it knows whether the push is stored.
    if (code !== 'PUSH_RECEIVER_UNAVAILABLE')
      this.metrics.push(push === null ? 'unread' : labelOf(push), code);
    if (error instanceof AppError && error.status < 500) {
      this.logger.warn({ msg: 'push refused', code: error.code, detail: error.detail });
    }
  }

  /** Logs a push that only its receivers can judge: an event about consent may be in it, which is not acted on. */
  passedOnUnread(appId: string, push: Push): void {
    this.logger.warn({ msg: 'a push that cannot be read is passed on', appId, push: labelOf(push) });
  }

  /**
   * Counts a push that is acknowledged although nobody wants it, and records the first of its kind (app and
   * event) in a minute as `push.unhandled`. Never rejects: a push is acknowledged also where that cannot be
   * recorded.
   */
  async unhandled(appId: string, push: Push): Promise<void> {
    this.count(push, 'unhandled');
    const event = kindOf(push);
    try {
      const key = `push-unhandled:${fingerprint(`${appId}\n${event}`)}`;
      if (!(await this.store.setIfAbsent(key, '1', WINDOW_MS))) return;
      await this.events.record({
        type: 'push.unhandled',
        userId: null,
        actor: 'wechat',
        details: { appId, event },
      });
    } catch (error) {
      this.logger.warn({ msg: 'an unhandled push could not be recorded', code: codeOf(error) });
    }
  }
}

/** The label of a push in the metrics. */
export function labelOf({ event, fields, unread }: Push): PushLabel {
  if (unread !== null) return 'unread';
  if (event === null) return fields.has('InfoType') ? 'platform' : 'message';
  return PUSH_EVENTS.find((each) => each === event) ?? 'other';
}

/** Unlike its label, this names events that the list does not know. */
function kindOf(push: Push): string {
  const label = labelOf(push);
  return label === 'other' && EVENT_NAME.test(push.event ?? '') ? (push.event ?? label) : label;
}
