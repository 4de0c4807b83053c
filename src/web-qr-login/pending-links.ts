import { Injectable } from '@nestjs/common';
import type { PendingLink } from '../attempt/login-codes.js';
import { KeyRing } from '../crypto/key-ring.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';

const PLACE = 'pending-link';

/** WeChat accounts that wait to be linked. They are stored encrypted: they hold WeChat's refresh token. */
@Injectable()
export class PendingLinks {
  constructor(private readonly keyRing: KeyRing) {}

  /** What a loginCode stands for until the verifier comes. */
  seal(login: WeChatLogin, pending: Pick<PendingLink, 'sessionId' | 'binding' | 'device'>): PendingLink {
    return { kind: 'link', login: this.keyRing.seal(JSON.stringify(login), PLACE), ...pending };
  }

  /** The WeChat account of a pending link. */
  open({ login }: PendingLink): WeChatLogin {
    return JSON.parse(this.keyRing.open(login, PLACE)) as WeChatLogin;
  }
}
