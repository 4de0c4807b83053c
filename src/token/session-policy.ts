import { Injectable } from '@nestjs/common';
import { appKind } from '../channel/app-kinds.js';
import { AppConfig } from '../config/app-config.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { SessionKeys } from '../user/session-keys.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';

/** Decides whether a session may be refreshed, by SESSION_POLICY. */
@Injectable()
export class SessionPolicy {
  constructor(
    private readonly sessionKeys: SessionKeys,
    private readonly wechat: WeChatApiService,
    private readonly config: AppConfig,
  ) {}

  /**
   * `fixed`: always. `session-key`: a mini program session is valid as long as WeChat's session_key
   * (wechat-api.md section 1.2). Website sessions have no session_key and are always allowed.
   * @throws AppError if WeChat cannot be asked; the session is then unchanged
   */
  async allows({ identity }: SessionOfUser): Promise<boolean> {
    if (this.config.sessionPolicy === 'fixed' || !appKind(identity.appKind).hasSessionKey) return true;
    const [sessionKey] = await this.sessionKeys.usable(identity.id);
    if (sessionKey === undefined) return false;
    return this.wechat.isSessionKeyAlive({ appId: identity.appId, openId: identity.openId, sessionKey });
  }
}
