import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { fingerprint } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import type { PushStamp } from '../wechat/push-crypto.js';
import type { PushMessage } from './push-message.js';

/** A timestamp is valid from 5 minutes before to 5 minutes after it; an older one is refused as stale. */
const STAMP_TTL_MS = 11 * 60 * 1_000;
/** Far longer than WeChat repeats a push. */
const DONE_TTL_MS = 24 * 60 * 60 * 1_000;
/** Longer than any action takes. After a crash during an action, a later repeat may run it again. */
const IN_PROGRESS_MS = 10_000;
/** WeChat waits 5 s for an answer. */
const WAIT_MS = 3_500;
const POLL_MS = 50;

const IN_PROGRESS = 'acting';
const DONE = 'done';

/** Remembers pushes across all instances, because WeChat repeats them and an attacker may replay them. */
@Injectable()
export class SeenPushes {
  constructor(private readonly store: EphemeralStore) {}

  /**
   * Binds a (timestamp, nonce) to one message for one app: the signature of a plain push would be valid for
   * any body. A repeat of the same message is allowed.
   * @throws AppError PUSH_REPLAYED, STORE_UNAVAILABLE
   */
  async claimStamp({ timestamp, nonce }: PushStamp, appId: string, message: string): Promise<void> {
    const key = `push-stamp:${fingerprint(`${timestamp}\n${nonce}`)}`;
    const body = fingerprint(`${appId}\n${message}`);
    if (await this.store.setIfAbsent(key, body, STAMP_TTL_MS)) return;
    if ((await this.store.get(key)) !== body) throw new AppError('PUSH_REPLAYED');
  }

  /**
   * Runs an action once per event, however often and on whichever instance it arrives. Concurrent callers
   * return when the action has ended. A failed action leaves no mark, so WeChat's repeat tries again.
   * @throws AppError PUSH_BUSY if a concurrent request does not end in time, STORE_UNAVAILABLE, or the errors
   * of the action
   */
  async once(appId: string, push: PushMessage, act: () => Promise<void>): Promise<void> {
    const key = `push:${fingerprint(repeatKey(appId, push))}`;
    const until = performance.now() + WAIT_MS;
    while (!(await this.store.setIfAbsent(key, IN_PROGRESS, IN_PROGRESS_MS))) {
      if ((await this.store.get(key)) === DONE) return;
      if (performance.now() > until) throw new AppError('PUSH_BUSY');
      await sleep(POLL_MS);
    }
    try {
      await act();
    } catch (error) {
      // If the store fails too, the mark expires by itself.
      await this.store.delete(key).catch(() => undefined);
      throw error;
    }
    await this.store.set(key, DONE, DONE_TTL_MS);
  }
}

/**
 * Events have no id (wechat-api.md section 6.2). RevokeInfo is included, because one person may withdraw
 * twice within a second.
 */
function repeatKey(
  appId: string,
  { event, openId, fromUserName, createTime, revokeInfo }: PushMessage,
): string {
  return [appId, event, openId ?? fromUserName, createTime, revokeInfo ?? ''].join('\n');
}
