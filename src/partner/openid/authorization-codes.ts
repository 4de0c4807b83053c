import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import type { Scope } from '../registry/partner.js';
import { Consents } from './consents.js';
import { CODE_SECONDS, NO_REDIRECT_URI } from './openid-configuration.js';
import { OpenIdProvider } from './openid-provider.js';

/** What a person granted without a browser. */
export interface GrantedWithoutBrowser {
  readonly partnerId: string;
  readonly userId: string;
  readonly scopes: readonly Scope[];
  /** S256 (RFC 7636). */
  readonly codeChallenge: string;
  readonly nonce: string | undefined;
}

/** Issues authorization codes for logins that do not go through a browser: there is nowhere to redirect to. */
@Injectable()
export class AuthorizationCodes {
  constructor(
    private readonly openId: OpenIdProvider,
    private readonly consents: Consents,
    private readonly clock: Clock,
  ) {}

  /**
   * Stores the consent and issues a code. The partner exchanges it without `redirect_uri` (RFC 6749 section 4.1.3).
   * @returns the code, and when it expires (ms)
   * @throws AppError PARTNER_UNKNOWN if the partner was deleted meanwhile
   */
  async issue(granted: GrantedWithoutBrowser): Promise<{ code: string; expiresAt: number }> {
    const { partnerId, userId, scopes, codeChallenge, nonce } = granted;
    const { provider } = await this.openId.current();
    const client = await provider.Client.find(partnerId);
    if (!client) throw new AppError('PARTNER_UNKNOWN');
    const grantId = await this.consents.idOf(partnerId, userId);
    const grant = await this.consents.grant(provider, { partnerId, userId, grantId, scopes });
    const now = this.clock.now();
    const code = new provider.AuthorizationCode({
      accountId: userId,
      client,
      grantId: grant.jti,
      scope: scopes.join(' '),
      redirectUri: NO_REDIRECT_URI,
      codeChallenge,
      codeChallengeMethod: 'S256',
      authTime: Math.floor(now / 1000),
      amr: ['wechat'],
      ...(nonce !== undefined && { nonce }),
      gty: 'authorization_code',
    });
    return { code: await code.save(), expiresAt: now + CODE_SECONDS * 1000 };
  }
}
