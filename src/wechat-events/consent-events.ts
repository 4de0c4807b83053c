import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { SessionService } from '../session/session.service.js';
import { Consent } from '../user/consent.js';
import type { PushMessage } from './push-message.js';

const OPEN_ID = /^[A-Za-z0-9_-]{1,64}$/;
const CREATE_TIME = /^\d{1,12}$/;

/** Actions for events about people's authorization (wechat-api.md section 6.5). */
@Injectable()
export class ConsentEvents {
  constructor(
    private readonly consent: Consent,
    private readonly sessions: SessionService,
  ) {}

  /**
   * The action for a push; `null` for messages and events without one.
   * @throws AppError PUSH_MALFORMED if the event lacks the person or the time
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

  /** Only `OpenID` names the person: `FromUserName` is WeChat's push service here. */
  private about(
    { openId, createTime }: PushMessage,
    act: (openId: string) => Promise<void>,
  ): () => Promise<void> {
    if (!OPEN_ID.test(openId ?? '') || !CREATE_TIME.test(createTime ?? ''))
      throw new AppError('PUSH_MALFORMED');
    return () => act(openId ?? '');
  }
}
