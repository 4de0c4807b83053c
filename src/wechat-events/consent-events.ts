import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { SessionService } from '../session/session.service.js';
import { Consent } from '../user/consent.js';
import type { PushMessage } from './push-message.js';

const OPEN_ID = /^[A-Za-z0-9_-]{1,64}$/;
const CREATE_TIME = /^\d{1,12}$/;

/** What is done when people's authorization changes (wechat-api.md section 6.5). */
@Injectable()
export class ConsentEvents {
  constructor(
    private readonly consent: Consent,
    private readonly sessions: SessionService,
  ) {}

  /**
   * What a push asks for; `null` for messages and events that nothing is done about.
   * @throws AppError PUSH_MALFORMED when the event does not say whom it is about, or when it was
   */
  actionFor(appId: string, push: PushMessage): (() => Promise<void>) | null {
    switch (push.event) {
      case 'user_info_modified':
        return this.about(push, (openId) => this.consent.profileModified(appId, openId));
      case 'user_authorization_revoke':
        return this.about(push, async (openId) => {
          const ended = await this.consent.authorizationRevoked(appId, openId, push.revokeInfo);
          if (ended !== null) await this.sessions.endOfIdentity(ended, 'consent_withdrawn');
        });
      case 'user_authorization_cancellation':
        return this.about(push, async (openId) => {
          const identityId = await this.consent.accountCancelled(appId, openId);
          if (identityId !== null) this.sessions.forgetIdentity(identityId);
        });
      default:
        return null;
    }
  }

  /** The person is `OpenID` alone: `FromUserName` is WeChat's push service here. */
  private about(
    { openId, createTime }: PushMessage,
    act: (openId: string) => Promise<void>,
  ): () => Promise<void> {
    if (!OPEN_ID.test(openId ?? '') || !CREATE_TIME.test(createTime ?? ''))
      throw new AppError('PUSH_MALFORMED');
    return () => act(openId ?? '');
  }
}
