import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { fingerprint } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { WeChatError } from './wechat-error.js';

/** Longer than the lifetime of any code at WeChat (at most 10 minutes, wechat-api.md section 4.1). */
const MARK_MS = 15 * 60 * 1_000;

/**
 * Sends each code to WeChat at most once, across all instances: also if two requests bring it at the same
 * time, or the connection is lost before the answer.
 */
@Injectable()
export class SpentCodes {
  constructor(private readonly store: EphemeralStore) {}

  /**
   * Exchanges a code that was not tried before. The mark is removed only if WeChat certainly did not spend
   * the code (busy, rate limit, wrong secret). The client may then send the same code again.
   * @throws AppError WECHAT_CODE_USED
   */
  async once<T>(appId: string, code: string, exchange: () => Promise<T>): Promise<T> {
    const key = `spent-code:${fingerprint(`${appId}:${code}`)}`;
    if (!(await this.store.setIfAbsent(key, '1', MARK_MS))) throw new AppError('WECHAT_CODE_USED');
    try {
      return await exchange();
    } catch (error) {
      if (error instanceof WeChatError && error.codeUnspent) await this.store.delete(key);
      throw error;
    }
  }
}
