import type { ChannelLabel } from '../channel/channels.js';
import { AppError } from './app-error.js';
import type { ErrorCode } from './error-catalogue.js';
import type { PushLabel, PushOutcome } from './push-labels.js';

/** Result of an operation: success, or an error code of the catalogue. */
export type Outcome = 'success' | ErrorCode;

/**
 * Result of a call to WeChat: its errcode (0 is success); `bad-reply`: unreadable; `timeout`; `unreachable`:
 * a network error, or an answer from something in front of WeChat.
 */
export type WeChatAnswer = number | 'bad-reply' | 'timeout' | 'unreachable';

/** State of the connection pool: connections in use, requests that wait for one, maximum size. */
export interface PoolUse {
  readonly inUse: number;
  readonly waiting: number;
  readonly size: number;
}

/** Queues of background work. */
export type QueueName = 'avatars' | 'webhooks' | 'pushes';

/** Unfinished items of a queue, over all instances. A large backlog is counted only up to a bound. */
export interface Backlog {
  /** Items that are not finished: due, leased, or postponed. */
  readonly waiting: number;
  /** Items that are due and not leased. */
  readonly due: number;
  /** How long the oldest due item has been due; 0 if there is none. */
  readonly oldestSeconds: number;
}

/**
 * Counters and gauges of the service. Label values come from closed sets: nothing that a client sends becomes
 * a label. No method throws.
 */
export abstract class Metrics {
  /** A session was opened, or a login attempt failed. */
  abstract login(channel: ChannelLabel, outcome: Outcome): void;

  abstract refresh(outcome: Outcome): void;

  /** A push of WeChat came, or a receiver of a copy was found for it. */
  abstract push(event: PushLabel, outcome: PushOutcome): void;

  /** @param endpoint path at WeChat: `sns/jscode2session` */
  abstract wechatCall(endpoint: string, answer: WeChatAnswer, seconds: number): void;

  /** @param read returns the number of browsers that wait for a scan; called at each scrape */
  abstract waiters(read: () => number): void;

  /** @param read called at each scrape */
  abstract pool(read: () => PoolUse): void;

  /** @param read called at each scrape; if it rejects, the queue is omitted */
  abstract backlog(queue: QueueName, read: () => Promise<Backlog>): void;
}

/** The code with which an error is answered. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : 'INTERNAL_ERROR';
}

/** Passes the result or error of a promise on and counts its outcome. */
export async function countOutcome<T>(work: Promise<T>, count: (outcome: Outcome) => void): Promise<T> {
  try {
    const result = await work;
    count('success');
    return result;
  } catch (error) {
    count(codeOf(error));
    throw error;
  }
}
