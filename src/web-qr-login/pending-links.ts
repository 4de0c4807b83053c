import { Injectable } from '@nestjs/common';
import type { PendingLink } from '../attempt/login-codes.js';
import { KeyRing } from '../crypto/key-ring.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';

const SEALING_CONTEXT = 'pending-link';

/**
 * WeChat accounts that are about to be linked. They are stored encrypted, because they contain WeChat's
 * refresh token.
 */
@Injectable()
export class PendingLinks {
  constructor(private readonly keyRing: KeyRing) {}

  /** Builds what a loginCode stands for until it is redeemed with the verifier. */
  seal(
    login: WeChatLogin,
    pending: Pick<PendingLink, 'sessionId' | 'binding' | 'device' | 'loginAt'>,
  ): PendingLink {
    return { kind: 'link', login: this.keyRing.seal(JSON.stringify(login), SEALING_CONTEXT), ...pending };
  }

  /** Decrypts the WeChat account of a pending link. */
  open({ login }: PendingLink): WeChatLogin {
    return JSON.parse(this.keyRing.open(login, SEALING_CONTEXT)) as WeChatLogin;
  }
}
