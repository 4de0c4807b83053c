import { Injectable } from '@nestjs/common';
import { appKind } from '../channel/app-kinds.js';
import { AppConfig } from '../config/app-config.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { SessionKeys } from '../user/session-keys.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';

/** Decides whether a session may be refreshed, by SESSION_POLICY. */
@Injectable()
export class SessionPolicy {
  /** Condition for the refresh of a session; `undefined` if there is none, so the session need not be read first. */
  readonly condition: ((session: SessionOfUser) => Promise<boolean>) | undefined;

  constructor(
    private readonly sessionKeys: SessionKeys,
    private readonly wechat: WeChatApiService,
    config: AppConfig,
  ) {
    this.condition = config.sessionPolicy === 'fixed' ? undefined : (session) => this.allows(session);
  }

  /**
   * `session-key`: a mini program session is valid as long as WeChat's session_key
   * (wechat-api.md section 1.2). Website sessions have no session_key and are always allowed.
   * @throws AppError if WeChat cannot be asked; the session is then unchanged
   */
  private async allows({ identity }: SessionOfUser): Promise<boolean> {
    if (!appKind(identity.appKind).hasSessionKey) return true;
    const [sessionKey] = await this.sessionKeys.usable(identity.id);
    if (sessionKey === undefined) return false;
    return this.wechat.isSessionKeyAlive({ appId: identity.appId, openId: identity.openId, sessionKey });
  }
}
