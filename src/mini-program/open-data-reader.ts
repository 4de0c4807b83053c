import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { SessionKeys } from '../user/session-keys.js';
import { decryptOpenData, type EncryptedOpenData, type OpenData } from '../wechat/open-data.js';

/** Decrypts data that a mini program encrypted with the session_key of the session's identity. */
@Injectable()
export class OpenDataReader {
  constructor(
    private readonly sessionKeys: SessionKeys,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError SESSION_KEY_STALE, OPEN_DATA_WATERMARK_INVALID, OPEN_DATA_FOREIGN */
  async read({ identity }: SessionOfUser, encrypted: EncryptedOpenData): Promise<OpenData> {
    return decryptOpenData(await this.sessionKeys.usable(identity.id), encrypted, {
      appId: identity.appId,
      openId: identity.openId,
      now: this.clock.now(),
      maxAge: this.config.openDataMaxAge,
    });
  }
}
