import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { decryptPush, isPushSignature, type PushStamp } from '../wechat/push-crypto.js';
import { type PushFields, type PushMessage, readPushFields, toPushMessage } from './push-message.js';
import { SeenPushes } from './seen-pushes.js';

/** What stands behind the `?` of a push's address; a parameter that is given twice counts as absent. */
export type PushQuery = Readonly<Record<string, unknown>>;

const MAX_BODY_BYTES = 64 * 1024;
const MAX_SKEW_MS = 5 * 60 * 1_000;
/** An echo of anything else could be made to show a page of somebody's own. */
const ECHO = /^[A-Za-z0-9+/=_-]{1,128}$/;

/**
 * Lets in what WeChat sent and nothing else (wechat-api.md section 6.3). A plain push's signature does not cover its
 * body, so with a key configured only encrypted ones are taken, and of a body that holds both forms only `Encrypt`
 * is believed.
 */
@Injectable()
export class PushGate {
  private readonly logger = new Logger(PushGate.name);
  private hasHinted = false;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly seen: SeenPushes,
  ) {}

  /**
   * URL verification: the text that WeChat wants to read back.
   * @throws AppError NOT_FOUND where push is not configured, PUSH_SIGNATURE_INVALID, PUSH_STALE, PUSH_APP_MISMATCH,
   * PUSH_DECRYPTION_FAILED, VALIDATION_FAILED for an echostr that is none
   */
  echo(appId: string, query: PushQuery): string {
    const { token } = this.push();
    const stamp = stampOf(query);
    const signature = parameter(query, 'msg_signature');
    // A base64 text whose + was not escaped arrives with spaces.
    const echostr = (parameter(query, 'echostr') ?? '').replaceAll(' ', '+');
    const signed =
      signature === null
        ? isPushSignature(parameter(query, 'signature') ?? '', token, stamp)
        : isPushSignature(signature, token, stamp, echostr);
    if (!signed) throw new AppError('PUSH_SIGNATURE_INVALID');
    this.requireFresh(stamp);
    this.requireApp(appId);
    const answer = signature === null ? echostr : this.decrypt(appId, echostr);
    if (!ECHO.test(answer)) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ field: 'echostr', message: 'echostr must be 1 to 128 letters and digits' }],
      });
    }
    return answer;
  }

  /**
   * The message of a push that is WeChat's, for this app, of now, and not another body under an address seen before.
   * @throws AppError NOT_FOUND where push is not configured, PUSH_SIGNATURE_INVALID, PUSH_STALE, PUSH_APP_MISMATCH,
   * PUSH_NOT_ENCRYPTED, PUSH_DECRYPTION_FAILED, PUSH_MALFORMED, PUSH_REPLAYED, PAYLOAD_TOO_LARGE, STORE_UNAVAILABLE
   */
  async open(appId: string, query: PushQuery, body: unknown): Promise<PushMessage> {
    const { aesKey } = this.push();
    const stamp = stampOf(query);
    this.refuseForged(query, stamp);
    const text = bodyText(body);
    const outer = readPushFields(text);
    const believed = aesKey === null ? this.plain(outer, text) : this.encrypted(appId, query, outer);
    this.requireFresh(stamp);
    this.requireApp(appId);
    const message = toPushMessage(aesKey === null ? outer : readPushFields(believed));
    if (message.appId !== null && message.appId !== appId) throw new AppError('PUSH_APP_MISMATCH');
    await this.seen.claimStamp(stamp, appId, believed);
    return message;
  }

  /** `signature` must be right where it comes; an encrypted push may come with `msg_signature` alone. */
  private refuseForged(query: PushQuery, stamp: PushStamp): void {
    const { token, aesKey } = this.push();
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
    const { token } = this.push();
    const encrypted = outer.get('Encrypt');
    if (encrypted === undefined) throw new AppError('PUSH_NOT_ENCRYPTED');
    const signature = parameter(query, 'msg_signature') ?? '';
    if (!isPushSignature(signature, token, stampOf(query), encrypted))
      throw new AppError('PUSH_SIGNATURE_INVALID');
    return this.decrypt(appId, encrypted);
  }

  private decrypt(appId: string, encrypted: string): string {
    const { aesKey } = this.push();
    const message = aesKey === null ? null : decryptPush(encrypted, { aesKey, appId });
    if (message === null) throw new AppError('PUSH_DECRYPTION_FAILED');
    return message;
  }

  private push(): NonNullable<AppConfig['wechat']['push']> {
    const { push } = this.config.wechat;
    if (push !== null) return push;
    this.hint();
    throw new AppError('NOT_FOUND');
  }

  /** To the operator alone, once: anybody may call the route, and learns nothing of the settings. */
  private hint(): void {
    if (this.hasHinted) return;
    this.hasHinted = true;
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

function bodyText(body: unknown): string {
  if (typeof body !== 'string') throw new AppError('PUSH_MALFORMED');
  if (Buffer.byteLength(body) > MAX_BODY_BYTES) throw new AppError('PAYLOAD_TOO_LARGE');
  return body;
}
