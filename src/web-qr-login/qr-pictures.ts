import { Injectable } from '@nestjs/common';
import { Attempts, type BegunAttempt } from '../attempt/attempts.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { fingerprint, freshSecret } from '../common/secret.js';
import { AppConfig } from '../config/app-config.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { AppQuotas } from '../rate-limit/app-quotas.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import type { Picture } from '../wechat/wechat-http.js';

/** A picture that may be fetched. */
interface Offer {
  readonly appId: string;
  readonly ticket: string;
  readonly expiresAt: number;
}

const KEY = /^[0-9a-f]{64}$/;
/** How long a made picture is kept: for reloads and second tabs. */
const KEEP_MS = 2 * 60 * 1_000;

/**
 * Pictures of mini-program codes. WeChat makes one when its picture is first fetched, so that an attempt that nobody
 * looks at costs nothing there; it allows 5,000 a minute (wechat-api.md section 1.5). The picture has a secret of its
 * own: who sees it does not learn what the browser polls with.
 */
@Injectable()
export class QrPictures {
  private readonly making = new Map<string, Promise<Picture>>();
  private readonly baseUrl: string;

  constructor(
    private readonly attempts: Attempts,
    private readonly store: EphemeralStore,
    private readonly wechat: WeChatApiService,
    private readonly quotas: AppQuotas,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.baseUrl = `${config.publicUrl}/v1/web-qr-login/qr-codes`;
  }

  /** @returns the address of the picture of an attempt, which is not made yet */
  async offer(appId: string, { id, expiresAt }: BegunAttempt): Promise<string> {
    const key = freshSecret();
    const offer: Offer = { appId, ticket: await this.attempts.issueTicket(id, expiresAt), expiresAt };
    await this.store.set(offerKey(key), JSON.stringify(offer), expiresAt - this.clock.now());
    return `${this.baseUrl}/${key}`;
  }

  /**
   * @throws AppError ATTEMPT_UNKNOWN once the attempt is over, WeChatError
   */
  async fetch(key: string): Promise<Picture> {
    if (!KEY.test(key)) throw new AppError('ATTEMPT_UNKNOWN');
    const [offered, kept] = await Promise.all([
      this.store.get(offerKey(key)),
      this.store.get(pictureKey(key)),
    ]);
    if (offered === null) throw new AppError('ATTEMPT_UNKNOWN');
    return kept === null ? this.makeOnce(key, JSON.parse(offered) as Offer) : unpacked(kept);
  }

  private makeOnce(key: string, offer: Offer): Promise<Picture> {
    const making =
      this.making.get(key) ??
      this.make(key, offer).finally(() => {
        this.making.delete(key);
      });
    this.making.set(key, making);
    return making;
  }

  private async make(key: string, { appId, ticket, expiresAt }: Offer): Promise<Picture> {
    await this.quotas.take('qr-codes', appId);
    const picture = await this.wechat.miniProgramCode(appId, ticket);
    const ttl = Math.min(KEEP_MS, expiresAt - this.clock.now());
    // A picture that cannot be kept is still a picture.
    if (ttl > 0) await this.store.set(pictureKey(key), packed(picture), ttl).catch(() => undefined);
    return picture;
  }
}

function packed({ type, bytes }: Picture): string {
  return `${type} ${bytes.toString('base64')}`;
}

function unpacked(stored: string): Picture {
  const [type, bytes = ''] = stored.split(' ');
  return { type: type === 'image/png' ? type : 'image/jpeg', bytes: Buffer.from(bytes, 'base64') };
}

function offerKey(key: string): string {
  return `attempt-picture:${fingerprint(key)}`;
}

function pictureKey(key: string): string {
  return `attempt-picture-bytes:${fingerprint(key)}`;
}
