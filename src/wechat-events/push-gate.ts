import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { decryptPush, isPushSignature, type PushStamp } from '../wechat/push-crypto.js';
import { readText } from '../wechat/wechat-text.js';
import { type PushFields, readPushFields } from './push-fields.js';
import { type Push, readPush } from './push-message.js';
import type { PushQuery, PushRequest } from './push-request.js';
import { SeenPushes } from './seen-pushes.js';

const MAX_SKEW_MS = 5 * 60 * 1_000;
/** Only these characters are echoed, so that nobody can make the service show a page of their own. */
const ECHO_PATTERN = /^[A-Za-z0-9+/=_-]{1,128}$/;

/**
 * Accepts only pushes from WeChat (wechat-api.md section 6.3). The signature of a plain push does not cover
 * its body. So if a key is configured, only encrypted pushes are accepted, and if a body has both forms, only
 * `Encrypt` is read.
 */
@Injectable()
export class PushGate {
  private readonly logger = new Logger(PushGate.name);
  private hasWarned = false;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly seen: SeenPushes,
  ) {}

  /**
   * URL verification: returns the text that WeChat expects.
   * @throws AppError NOT_FOUND if push is not configured, PUSH_SIGNATURE_INVALID, PUSH_STALE,
   * PUSH_APP_MISMATCH, PUSH_DECRYPTION_FAILED, VALIDATION_FAILED for an invalid echostr
   */
  echo(appId: string, query: PushQuery): string {
    const { token } = this.requirePush();
    const stamp = stampOf(query);
    const signature = parameter(query, 'msg_signature');
    // In base64 whose `+` was not escaped, spaces arrive instead.
    const echostr = (parameter(query, 'echostr') ?? '').replaceAll(' ', '+');
    const signed =
      signature === null
        ? isPushSignature(parameter(query, 'signature') ?? '', token, stamp)
        : isPushSignature(signature, token, stamp, echostr);
    if (!signed) throw new AppError('PUSH_SIGNATURE_INVALID');
    this.requireFresh(stamp);
    this.requireApp(appId);
    const answer = signature === null ? echostr : this.decrypt(appId, echostr);
    if (!ECHO_PATTERN.test(answer)) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ field: 'echostr', message: 'echostr must be 1 to 128 letters and digits' }],
      });
    }
    return answer;
  }

  /**
   * Returns the message of a push that is WeChat's, for this app, recent, and not a different body under a
   * URL that was used before.
   * @throws AppError NOT_FOUND if push is not configured, PUSH_SIGNATURE_INVALID, PUSH_STALE,
   * PUSH_APP_MISMATCH, PUSH_NOT_ENCRYPTED, PUSH_DECRYPTION_FAILED, PUSH_MALFORMED, PUSH_REPLAYED,
   * STORE_UNAVAILABLE
   */
  async open(appId: string, { query, body }: PushRequest): Promise<Push> {
    const { aesKey } = this.requirePush();
    const stamp = stampOf(query);
    this.refuseForged(query, stamp);
    const text = readText(body);
    const outer = readPushFields(text);
    const believed = aesKey === null ? this.plain(outer, text) : this.encrypted(appId, query, outer);
    this.requireFresh(stamp);
    this.requireApp(appId);
    const push = readPush(believed);
    if (push.appId !== null && push.appId !== appId) throw new AppError('PUSH_APP_MISMATCH');
    await this.seen.claimStamp(stamp, appId, believed);
    return push;
  }

  /** `signature` must be valid if it is present. An encrypted push may have `msg_signature` only. */
  private refuseForged(query: PushQuery, stamp: PushStamp): void {
    const { token, aesKey } = this.requirePush();
    const signature = parameter(query, 'signature');
    const mayLack = aesKey !== null && parameter(query, 'msg_signature') !== null;
    if (signature === null ? !mayLack : !isPushSignature(signature, token, stamp))
      throw new AppError('PUSH_SIGNATURE_INVALID');
  }

  private plain(outer: PushFields, text: string): string {
    if (outer.has('Encrypt') && !outer.has('MsgType')) {
      throw new AppError('PUSH_DECRYPTION_FAILED', { detail: 'WECHAT_PUSH_AES_KEY is not set.' });
    }
    return text;
  }

  private encrypted(appId: string, query: PushQuery, outer: PushFields): string {
    const { token } = this.requirePush();
    const encrypted = outer.get('Encrypt');
    if (encrypted === undefined) throw new AppError('PUSH_NOT_ENCRYPTED');
    const signature = parameter(query, 'msg_signature') ?? '';
    if (!isPushSignature(signature, token, stampOf(query), encrypted))
      throw new AppError('PUSH_SIGNATURE_INVALID');
    return this.decrypt(appId, encrypted);
  }

  private decrypt(appId: string, encrypted: string): string {
    const { aesKey } = this.requirePush();
    const message = aesKey === null ? null : decryptPush(encrypted, { aesKey, appId });
    if (message === null) throw new AppError('PUSH_DECRYPTION_FAILED');
    return message;
  }

  private requirePush(): NonNullable<AppConfig['wechat']['push']> {
    const { push } = this.config.wechat;
    if (push !== null) return push;
    this.warnNotConfigured();
    throw new AppError('NOT_FOUND');
  }

  /** Logged once, for the operator only: the route is public and must not reveal the settings. */
  private warnNotConfigured(): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn('a push was refused: WECHAT_PUSH_TOKEN is not set');
  }

  private requireApp(appId: string): void {
    if (!this.config.wechat.apps.some((app) => app.appId === appId)) throw new AppError('PUSH_APP_MISMATCH');
  }

  private requireFresh({ timestamp }: PushStamp): void {
    const ahead = Number(timestamp) * 1_000 - this.clock.now();
    if (Math.abs(ahead) <= MAX_SKEW_MS) return;
    const seconds = Math.round(Math.abs(ahead) / 1_000);
    throw new AppError('PUSH_STALE', {
      detail: `Its timestamp is ${seconds} s ${ahead < 0 ? 'behind' : 'ahead of'} the clock of this machine.`,
    });
  }
}

function stampOf(query: PushQuery): PushStamp {
  return { timestamp: parameter(query, 'timestamp') ?? '', nonce: parameter(query, 'nonce') ?? '' };
}

function parameter(query: PushQuery, name: string): string | null {
  const value = query[name];
  return typeof value === 'string' && value !== '' ? value : null;
}
