import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { describeError } from '../../common/describe-error.js';
import type { ErrorCode } from '../../common/error-catalogue.js';
import type { PushOutcome } from '../../common/push-labels.js';
import { AppConfig } from '../../config/app-config.js';
import { isUnavailable } from '../../database/database-errors.js';
import { acknowledgement, isTaken } from '../push-answer.js';
import { PushRecord } from '../push-record.js';
import { type ArrivedPush, Passage } from './passage.js';
import { RelayMarks } from './relay-marks.js';
import { type RelayReceiver, relayReceivers } from './relay-receiver.js';
import { type ReceiverAnswer, relayedPushId, RelaySender, type Sent } from './relay-sender.js';
import { RelayTiming } from './relay-timing.js';
import { RelayWorker } from './relay-worker.js';
import { RelayedPushes } from './relayed-pushes.js';
import { within } from './within.js';

/** WeChat sends a push so often in all (wechat-api-2.md section 15.2). */
const TRIES = 3;
/** What stands in front of a receiver answers so while the receiver itself is away. */
const GATEWAY_FAULTS: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Passes pushes on to the receivers of their app. The first receiver's answer is WeChat's; the others get copies
 * from the queue. What nobody answers is acknowledged only once it is safe in the database (decision 058).
 */
@Injectable()
export class PushRelay implements OnApplicationShutdown {
  private readonly logger = new Logger(PushRelay.name);
  private readonly receivers: readonly RelayReceiver[];
  private readonly stopping = new AbortController();
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(
    config: AppConfig,
    private readonly clock: Clock,
    private readonly timing: RelayTiming,
    private readonly marks: RelayMarks,
    private readonly pushes: RelayedPushes,
    private readonly sender: RelaySender,
    private readonly worker: RelayWorker,
    private readonly record: PushRecord,
  ) {
    this.receivers = relayReceivers(config);
  }

  /** Whether the pushes of an app go on. */
  isFor(appId: string): boolean {
    return this.receivers.some((receiver) => receiver.appId === appId);
  }

  /**
   * The answer to a push of an app whose pushes go on. Of several tries at once, on any instance, one is handled; the
   * others wait for its result.
   * @throws AppError PUSH_RECEIVER_UNAVAILABLE, PUSH_BUSY, DATABASE_UNAVAILABLE, STORE_UNAVAILABLE; WeChat repeats
   * the push after each of them
   */
  async answer(arrived: ArrivedPush): Promise<ReceiverAnswer> {
    const passage = new Passage(arrived, this.clock.now());
    const until = arrived.arrivedAt + this.timing.answerMs;
    for (;;) {
      const end = await this.begin(passage);
      if (end) return this.handle(passage, end);
      if (performance.now() + this.timing.pollMs > until) {
        return this.withoutAnswer(passage, new AppError('PUSH_BUSY'));
      }
      await sleep(this.timing.pollMs);
    }
  }

  /** Ends the requests for whose answers nobody waits any more. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.underWay);
  }

  /** @returns ends the handling; `null` while another request handles the push */
  private async begin(passage: Passage): Promise<(() => Promise<void>) | null> {
    const beginning = this.marks.begin(passage.key);
    try {
      return await this.inTime(passage, beginning, 'STORE_UNAVAILABLE');
    } catch (error) {
      // A mark that is set too late would hold up WeChat's repeat.
      void beginning.then((end) => end?.()).catch(() => undefined);
      throw error;
    }
  }

  private async handle(passage: Passage, end: () => Promise<void>): Promise<ReceiverAnswer> {
    const copies = this.copy(passage);
    const first = this.askFirst(passage);
    const over = Promise.allSettled([copies, first])
      .then(() => this.conclude(passage))
      .then(end);
    this.underWay.add(over);
    void over.then(() => this.underWay.delete(over));
    const both = [first, this.inTime(passage, copies)] as const;
    await Promise.allSettled(both);
    const [answer] = await Promise.all(both);
    return answer;
  }

  /** Waits for the request to the first receiver, which may outlast WeChat's. Never rejects. */
  private async conclude(passage: Passage): Promise<void> {
    const sent = await passage.request;
    const isOver = passage.isKept && isTakenBy(passage, sent);
    await Promise.all([passage.remembering, isOver ? this.forget(passage) : null]);
  }

  /** Keeps a copy for each further receiver, once per push. */
  private async copy(passage: Passage): Promise<void> {
    const [, ...further] = this.receiversOf(passage);
    if (further.length === 0 || (await this.marks.isCopied(passage.key))) return;
    const now = this.clock.now();
    await this.pushes.keepCopies(further.map((receiver) => passage.copy(receiver, now)));
    this.worker.wake();
    further.forEach(() => this.count(passage, 'copied'));
    // Without the mark WeChat's repeat may make copies again, which is better than none.
    await this.marks.copied(passage.key, passage.plan).catch((error: unknown) => this.report(error));
  }

  private async askFirst(passage: Passage): Promise<ReceiverAnswer> {
    const known = await this.inTime(passage, this.marks.answerTo(passage.key), 'STORE_UNAVAILABLE');
    if (known) return this.counted(passage, 'repeated', known);
    const receiver = this.firstOf(passage);
    if (passage.plan === 'three-tries') {
      const head = await this.headOf(passage, receiver);
      if (head !== null && head !== passage.key) return this.lineUp(passage);
      passage.isKept = head !== null;
    }
    passage.request = this.forward(passage, receiver);
    const sent = await within(passage.request, passage.arrived.arrivedAt + this.timing.answerMs);
    if (sent?.kind !== 'answer') {
      const reason = sent?.reason ?? 'no answer in time';
      const { name, appId } = receiver;
      this.logger.warn({ receiver: name, appId, msg: `no answer to a push: ${reason}` });
      return this.withoutAnswer(passage, new AppError('PUSH_RECEIVER_UNAVAILABLE'));
    }
    if (passage.plan === 'three-tries' && GATEWAY_FAULTS.has(sent.answer.status)) {
      // The answer claims nothing. WeChat's tries end within seconds, and the receiver may be away for longer.
      await this.keep(passage).catch((error: unknown) => this.report(error));
    }
    return this.counted(passage, 'answered', sent.answer);
  }

  /**
   * Which push of the same person the receiver is to get first. The database must not hold up a push, so none where
   * it is away or slow: the order is then not kept.
   */
  private async headOf(passage: Passage, receiver: RelayReceiver): Promise<string | null> {
    try {
      const until = passage.arrived.arrivedAt + this.timing.answerMs;
      return await within(this.pushes.head(passage.mailbox(receiver)), until);
    } catch (error) {
      if (isUnavailable(error)) return null;
      throw error;
    }
  }

  /** Puts a push behind those of the same person that wait. */
  private async lineUp(passage: Passage): Promise<ReceiverAnswer> {
    await this.keep(passage, true);
    this.worker.wake();
    return this.counted(passage, 'acknowledged', acknowledged(passage));
  }

  private async forward(passage: Passage, receiver: RelayReceiver): Promise<Sent> {
    const { request, arrivedAt } = passage.arrived;
    const left = Math.max(1, Math.round(arrivedAt + this.timing.forwardMs - performance.now()));
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(left)]);
    const sent = await this.sender.send(receiver, relayedPushId(passage.key), request, signal);
    passage.remembering = this.remember(passage, sent);
    return sent;
  }

  /** Remembers an answer for WeChat's repeats. WeChat does not wait for it. Never rejects. */
  private async remember(passage: Passage, sent: Sent): Promise<void> {
    if (sent.kind !== 'answer' || !isTakenBy(passage, sent)) return;
    // Without it WeChat's repeat is forwarded, too.
    await this.marks.remember(passage.key, sent.answer).catch((error: unknown) => this.report(error));
  }

  /** Deletes a kept push that the receiver has taken. Never rejects: otherwise the queue delivers it again. */
  private async forget(passage: Passage): Promise<void> {
    try {
      await this.pushes.forget(passage.mailbox(this.firstOf(passage)), passage.key);
      this.worker.wake();
    } catch (error) {
      this.report(error);
    }
  }

  /**
   * What WeChat is told about a push without an answer. Three tries: it repeats it after an error, and the push is
   * kept in case it does not. Notices of payment are repeated for hours, so they are kept at the end only.
   */
  private async withoutAnswer(passage: Passage, error: AppError): Promise<ReceiverAnswer> {
    const isThreeTries = passage.plan === 'three-tries';
    if (!isThreeTries && !(passage.plan === 'until-taken' && passage.isLastTry)) {
      throw this.refusal(passage, 'unavailable', error);
    }
    const tries = await this.keep(passage);
    const late = await this.lateAnswer(passage);
    if (late) return late;
    if (isThreeTries && tries < TRIES) throw this.refusal(passage, 'stored', error);
    return this.counted(passage, 'acknowledged', acknowledged(passage));
  }

  /** What the receiver has answered while the push was being kept. */
  private async lateAnswer(passage: Passage): Promise<ReceiverAnswer | null> {
    const sent = passage.request === null ? null : await within(passage.request, 0);
    if (sent?.kind === 'answer') return this.counted(passage, 'answered', sent.answer);
    const known = await this.answerOfAnother(passage);
    if (!known) return null;
    await this.forget(passage);
    return this.counted(passage, 'repeated', known);
  }

  /** The remembered answer; `null` also where the store is away or slow: the push is safe by now. */
  private async answerOfAnother({ key, arrived }: Passage): Promise<ReceiverAnswer | null> {
    try {
      return await within(this.marks.answerTo(key), arrived.arrivedAt + this.timing.storeMs);
    } catch (error) {
      this.report(error);
      return null;
    }
  }

  /**
   * Keeps a push for the first receiver.
   * @param isLast whether what waits was received before it; else the times of receipt say so
   * @returns how often it was kept
   * @throws AppError DATABASE_UNAVAILABLE
   */
  private async keep(passage: Passage, isLast = false): Promise<number> {
    // Also where the write ends too late for the answer.
    passage.isKept = true;
    const dueAt = this.clock.now() + this.timing.takeOverMs;
    return this.inTime(passage, this.pushes.keep(passage.original(this.firstOf(passage), dueAt, isLast)));
  }

  /** The result of a read or write, if it comes before WeChat has to be answered. @param late the code of the error */
  private async inTime<T>(
    { arrived }: Passage,
    work: Promise<T>,
    late: ErrorCode = 'DATABASE_UNAVAILABLE',
  ): Promise<T> {
    const result = await within(
      work.then((value) => ({ value })),
      arrived.arrivedAt + this.timing.storeMs,
    );
    if (!result) throw new AppError(late);
    return result.value;
  }

  private receiversOf({ arrived }: Passage): RelayReceiver[] {
    return this.receivers.filter(({ appId }) => appId === arrived.appId);
  }

  private firstOf(passage: Passage): RelayReceiver {
    const [first] = this.receiversOf(passage);
    if (!first) throw new Error('the pushes of this app go nowhere');
    return first;
  }

  private counted(passage: Passage, outcome: PushOutcome, answer: ReceiverAnswer): ReceiverAnswer {
    this.count(passage, outcome);
    return answer;
  }

  /** A try that only waited for another one is counted by its code. */
  private refusal(passage: Passage, outcome: PushOutcome, error: AppError): AppError {
    if (error.code === 'PUSH_RECEIVER_UNAVAILABLE') this.count(passage, outcome);
    return error;
  }

  private count({ arrived }: Passage, outcome: PushOutcome): void {
    this.record.count(arrived.push, outcome);
  }

  private report(error: unknown): void {
    const msg = 'the state of a push could not be written';
    if (error instanceof AppError) this.logger.warn({ code: error.code, msg });
    else this.logger.error({ error: describeError(error), msg });
  }
}

function acknowledged({ arrived }: Passage): ReceiverAnswer {
  return { ...acknowledgement(arrived.push), contentEncoding: null };
}

function isTakenBy({ arrived }: Passage, sent: Sent | null): boolean {
  return sent?.kind === 'answer' && isTaken(arrived.push, sent.answer);
}
