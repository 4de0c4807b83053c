import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { fingerprint } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import type { PushStamp } from '../wechat/push-crypto.js';
import type { PushMessage } from './push-message.js';

/** A timestamp is good from 5 minutes before to 5 minutes after it: what is older is refused as stale. */
const STAMP_MS = 11 * 60 * 1_000;
/** Far longer than WeChat repeats. */
const DONE_MS = 24 * 60 * 60 * 1_000;
/** Longer than any action takes; after a crash in the middle of one, a repeat of WeChat may act. */
const ACTING_MS = 10_000;
/** WeChat waits for 5 s. */
const WAIT_MS = 3_500;
const POLL_MS = 50;

const ACTING = 'acting';
const DONE = 'done';

/** What all instances remember of pushes: WeChat repeats them, and others might. */
@Injectable()
export class SeenPushes {
  constructor(private readonly store: EphemeralStore) {}

  /**
   * One (timestamp, nonce) serves one message to one app: under a plain push's signature any body would do.
   * The same message again is a repeat and welcome.
   * @throws AppError PUSH_REPLAYED, STORE_UNAVAILABLE
   */
  async claimStamp({ timestamp, nonce }: PushStamp, appId: string, message: string): Promise<void> {
    const key = `push-stamp:${fingerprint(`${timestamp}\n${nonce}`)}`;
    const body = fingerprint(`${appId}\n${message}`);
    if (await this.store.setIfAbsent(key, body, STAMP_MS)) return;
    if ((await this.store.get(key)) !== body) throw new AppError('PUSH_REPLAYED');
  }

  /**
   * Acts on an event once, however often and wherever it comes; the others return when it has been acted on. What
   * fails leaves no mark, so that WeChat's repeat tries again.
   * @throws AppError PUSH_BUSY when another request does not come to its end in time, STORE_UNAVAILABLE, or what
   * the action throws
   */
  async once(appId: string, push: PushMessage, act: () => Promise<void>): Promise<void> {
    const key = `push:${fingerprint(repeatKey(appId, push))}`;
    const until = performance.now() + WAIT_MS;
    while (!(await this.store.setIfAbsent(key, ACTING, ACTING_MS))) {
      if ((await this.store.get(key)) === DONE) return;
      if (performance.now() > until) throw new AppError('PUSH_BUSY');
      await sleep(POLL_MS);
    }
    try {
      await act();
    } catch (error) {
      // Where the store fails too, the mark ends by itself.
      await this.store.delete(key).catch(() => undefined);
      throw error;
    }
    await this.store.set(key, DONE, DONE_MS);
  }
}

/** Events have no id of their own (wechat-api.md section 6.2); two withdrawals may come in one second. */
function repeatKey(
  appId: string,
  { event, openId, fromUserName, createTime, revokeInfo }: PushMessage,
): string {
  return [appId, event, openId ?? fromUserName, createTime, revokeInfo ?? ''].join('\n');
}
