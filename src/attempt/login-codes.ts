import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import type { ChannelLabel } from '../channel/channels.js';
import { fingerprint, freshSecret } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import type { Device } from '../session/session.service.js';
import { type Binding, mayRedeem } from './binding.js';

interface Pending {
  readonly binding: Binding;
  /** The browser that logged in. Another client may redeem the code. */
  readonly device: Device;
}

/** A login that succeeded in the browser and has yet to be exchanged for tokens. */
export interface PendingLogin extends Pending {
  readonly kind: 'log-in';
  /** Channel under which the session is counted. */
  readonly channel: ChannelLabel;
  readonly identityId: string;
  readonly isNewUser: boolean;
  /** Key of the attempt that waits for the login; `null` if none does. */
  readonly attempt: string | null;
}

/** A WeChat account that is linked when the client that began the link redeems the code with its verifier. */
export interface PendingLink extends Pending {
  readonly kind: 'link';
  /** The session that began the link. */
  readonly sessionId: string;
  /** The `WeChatLogin`, encrypted, because it contains WeChat's refresh token. */
  readonly login: string;
}

/** Lifetime of a loginCode. */
export const LOGIN_CODE_MS = 60 * 1_000;

/** loginCodes: 60 s, single use, useless without the cookie or the verifier of the attempt. */
@Injectable()
export class LoginCodes {
  constructor(private readonly store: EphemeralStore) {}

  /** @returns the loginCode for returnTo */
  async issue(login: PendingLogin | PendingLink): Promise<string> {
    const loginCode = freshSecret();
    await this.store.set(key(loginCode), JSON.stringify(login), LOGIN_CODE_MS);
    return loginCode;
  }

  /**
   * Returns the login of a loginCode without using it up, to a client that may redeem it.
   * @param browser fingerprint of the cookie of the request
   * @throws AppError LOGIN_CODE_INVALID
   */
  async find(
    loginCode: string,
    browser: string | null,
    codeVerifier: string | undefined,
  ): Promise<PendingLogin | PendingLink> {
    const stored = await this.store.get(key(loginCode));
    if (stored === null) throw new AppError('LOGIN_CODE_INVALID');
    const login = JSON.parse(stored) as PendingLogin | PendingLink;
    if (!mayRedeem(login.binding, browser, codeVerifier)) throw new AppError('LOGIN_CODE_INVALID');
    return login;
  }

  /**
   * Uses a loginCode up. Of several concurrent calls, one succeeds.
   * @throws AppError LOGIN_CODE_INVALID for the others
   */
  async use(loginCode: string): Promise<void> {
    if ((await this.store.take(key(loginCode))) === null) throw new AppError('LOGIN_CODE_INVALID');
  }
}

function key(loginCode: string): string {
  return `login-code:${fingerprint(loginCode)}`;
}
