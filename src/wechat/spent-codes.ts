import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { fingerprint } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { WeChatError } from './wechat-error.js';

/** Longer than any code lives at WeChat (10 minutes at most, wechat-api.md section 4.1). */
const MARK_MS = 15 * 60 * 1_000;

/**
 * Sees to it that a code goes to WeChat once, over all instances: also when two requests bring it at the same
 * time, and after a connection that broke before the answer.
 */
@Injectable()
export class SpentCodes {
  constructor(private readonly store: EphemeralStore) {}

  /**
   * Exchanges a code unless it was tried before. The mark is taken back only where WeChat certainly did not spend
   * the code (busy, rate limit, wrong secret): then the client may send the same code again.
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
