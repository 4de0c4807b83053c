import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Attempts, type BegunAttempt } from '../../attempt/attempts.js';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { fingerprint, freshSecret, isSecretForm } from '../../crypto/secret.js';
import { AppConfig } from '../../config/app-config.js';
import { EphemeralStore } from '../../ephemeral/ephemeral-store.js';
import { AppQuotas } from '../../rate-limit/door-quotas.js';
import { WeChatApiService } from '../../wechat/wechat-api.service.js';
import type { Picture } from '../../wechat/wechat-http.js';

/** A picture that may be fetched. */
interface Offer {
  readonly appId: string;
  readonly ticket: string;
}

/** How long a picture stays in memory, for a second tab. A reload takes it from the browser's cache. */
const KEEP_MS = 60 * 1_000;
/** Limit of the pictures in memory. One of 430 pixels has 60 to 120 kB. */
const MAX_KEPT_BYTES = 32 * 2 ** 20;

/**
 * Pictures of mini-program codes. WeChat makes a code when its picture is first fetched, so an attempt that nobody
 * looks at uses none of the 5,000 a minute (wechat-api.md section 1.5). The address of a picture has a secret of its
 * own, which does not reveal the id that the browser polls with.
 *
 * Pictures stay in the memory of this process for a minute. In the shared store a flood of them would take gigabytes;
 * another instance makes a picture again, within the app's quota (docs/decisions/030-the-shared-store.md).
 */
@Injectable()
export class QrPictures {
  private readonly making = new Map<string, Promise<Picture>>();
  private readonly kept = new LRUCache<string, Picture>({
    ttl: KEEP_MS,
    maxSize: MAX_KEPT_BYTES,
    sizeCalculation: ({ bytes }) => Math.max(1, bytes.length),
  });
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

  /** @returns the address under which the picture of an attempt will be made */
  async offer(appId: string, { id, expiresAt }: BegunAttempt): Promise<string> {
    const key = freshSecret();
    const offer: Offer = { appId, ticket: await this.attempts.issueTicket(id, expiresAt) };
    await this.store.begin(offerKey(key), JSON.stringify(offer), expiresAt - this.clock.now());
    return `${this.baseUrl}/${key}`;
  }

  /**
   * @throws AppError ATTEMPT_UNKNOWN once the attempt is over, WeChatError
   */
  async fetch(key: string): Promise<Picture> {
    if (!isSecretForm(key)) throw new AppError('ATTEMPT_UNKNOWN');
    const offered = await this.store.get(offerKey(key));
    if (offered === null) throw new AppError('ATTEMPT_UNKNOWN');
    return this.kept.get(key) ?? this.makeOnce(key, JSON.parse(offered) as Offer);
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

  private async make(key: string, { appId, ticket }: Offer): Promise<Picture> {
    await this.quotas.take('qr-codes', appId);
    const picture = await this.wechat.miniProgramCode(appId, ticket);
    this.kept.set(key, picture);
    return picture;
  }
}

function offerKey(key: string): string {
  return `attempt-picture:${fingerprint(key)}`;
}
