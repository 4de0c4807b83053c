import type { ChannelLabel } from '../channel/channels.js';
import { AppError } from './app-error.js';
import type { ErrorCode } from './error-catalogue.js';

/** How something ended: well, or with an error of the catalogue. */
export type Outcome = 'success' | ErrorCode;

/**
 * How WeChat answered a call: its errcode (0: well); `bad-reply`, which nobody can read; `timeout`; `unreachable`,
 * where not WeChat answered but the network, or something in front of WeChat.
 */
export type WeChatAnswer = number | 'bad-reply' | 'timeout' | 'unreachable';

/** Connections to the database: at work, asked for and not there yet, and how many there may be. */
export interface PoolUse {
  readonly inUse: number;
  readonly waiting: number;
  readonly size: number;
}

/** Queues of background work. */
export type QueueName = 'avatars' | 'webhooks';

/** Work that waits in a queue, in all instances. A large backlog is counted up to a bound. */
export interface Backlog {
  /** Items that are not finished: due, leased, or postponed. */
  readonly waiting: number;
  /** Items that are due and that no instance has claimed. */
  readonly due: number;
  /** How long the oldest of these has been due; 0 where there is none. */
  readonly oldestSeconds: number;
}

/**
 * What is counted, each where it happens. All values come from closed sets: what a client sends never becomes the
 * name of a series. No method throws.
 */
export abstract class Metrics {
  /** A session was opened, or an attempt to log in was answered with an error. */
  abstract login(channel: ChannelLabel, outcome: Outcome): void;

  abstract refresh(outcome: Outcome): void;

  /** @param endpoint path at WeChat: `sns/jscode2session` */
  abstract wechatCall(endpoint: string, answer: WeChatAnswer, seconds: number): void;

  /** @param read how many browsers wait for a scan at this moment; asked at each reading of the metrics */
  abstract waiters(read: () => number): void;

  /** @param read asked at each reading of the metrics */
  abstract pool(read: () => PoolUse): void;

  /** @param read asked at each reading of the metrics; where it rejects, the queue is left out of the reading */
  abstract backlog(queue: QueueName, read: () => Promise<Backlog>): void;
}

/** The code under which an error is answered. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : 'INTERNAL_ERROR';
}

/** Passes on what a work gives or throws, and counts how it ended. */
export async function counted<T>(work: Promise<T>, count: (outcome: Outcome) => void): Promise<T> {
  try {
    const result = await work;
    count('success');
    return result;
  } catch (error) {
    count(codeOf(error));
    throw error;
  }
}
