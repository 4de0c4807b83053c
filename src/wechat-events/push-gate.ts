import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { decryptPush, isPushSignature, type PushStamp } from '../wechat/push-crypto.js';
import { readText } from '../wechat/wechat-text.js';
import { pushKey } from './push-key.js';
import { PushKeys, type PushPair } from './push-keys.js';
import { type Push, readablePush, unreadPush } from './push-message.js';
import type { PushQuery, PushRequest } from './push-request.js';
import { SeenPushes } from './seen-pushes.js';

const MAX_SKEW_MS = 5 * 60 * 1_000;
/** Only these characters are echoed, so that nobody can make the service show a page of their own. */
const ECHO_PATTERN = /^[A-Za-z0-9+/=_-]{1,128}$/;

/** What a push says. */
interface Believed {
  readonly text: string;
  /** `null` where the text cannot be read. */
  readonly read: Push | null;
  /** What stands around a text that was encrypted; `null` where no signature covers the text. */
  readonly envelope: Push | null;
}

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
    private readonly keys: PushKeys,
    private readonly clock: Clock,
    private readonly seen: SeenPushes,
  ) {}

  /**
   * URL verification: returns the text that WeChat expects.
   * @throws AppError NOT_FOUND if push is not configured, PUSH_SIGNATURE_INVALID, PUSH_STALE,
   * PUSH_APP_MISMATCH, PUSH_DECRYPTION_FAILED, VALIDATION_FAILED for an invalid echostr
   */
  echo(appId: string, query: PushQuery): string {
    const pairs = this.requirePairs(appId);
    const stamp = stampOf(query);
    const signature = parameter(query, 'msg_signature');
    // In base64 whose `+` was not escaped, spaces arrive instead.
    const echostr = (parameter(query, 'echostr') ?? '').replaceAll(' ', '+');
    const signed = requireSigned(
      pairs.filter(({ token }) =>
        signature === null
          ? isPushSignature(parameter(query, 'signature') ?? '', token, stamp)
          : isPushSignature(signature, token, stamp, echostr),
      ),
    );
    this.requireFresh(stamp);
    this.requireApp(appId);
    const answer = signature === null ? echostr : decrypt(signed, echostr);
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
   * @param isPassedOn whether a receiver judges the push: it is then returned also where it cannot be read
   * @throws AppError NOT_FOUND if push is not configured, PUSH_SIGNATURE_INVALID, PUSH_STALE,
   * PUSH_APP_MISMATCH, PUSH_NOT_ENCRYPTED, PUSH_DECRYPTION_FAILED, PUSH_MALFORMED, PUSH_REPLAYED,
   * STORE_UNAVAILABLE
   */
  async open(appId: string, request: PushRequest, isPassedOn: boolean): Promise<Push> {
    const stamp = stampOf(request.query);
    // Before the body is read, which costs more.
    const signed = signedPairs(this.requirePairs(appId), request.query, stamp);
    const { text, read, envelope } = believe(signed, request, stamp);
    this.requireFresh(stamp);
    this.requireApp(appId);
    const push = read ?? (isPassedOn ? unreadPush(text) : null);
    if (push === null) throw new AppError('PUSH_MALFORMED');
    if (push.appId !== null && push.appId !== appId) throw new AppError('PUSH_APP_MISMATCH');
    // A try of a signed push may differ in its RetryTimes. Plain bytes may decode to the text of others.
    // Receivers get what stands beside `Encrypt` too, and no signature of WeChat covers that.
    const bound = envelope
      ? [push, envelope].map((each) => pushKey(appId, each)).join('\n')
      : request.body.toString('latin1');
    await this.seen.claimStamp(stamp, appId, bound);
    return push;
  }

  private requirePairs(appId: string): readonly PushPair[] {
    const pairs = this.keys.of(appId);
    if (pairs.length > 0) return pairs;
    this.warnNotConfigured();
    throw new AppError('NOT_FOUND');
  }

  /** Logged once, for the operator only: the route is public and must not reveal the settings. */
  private warnNotConfigured(): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn(
      'a push was refused: WECHAT_PUSH_TOKEN is not set, and WECHAT_PUSH_APPS does not name its app',
    );
  }

  private requireApp(appId: string): void {
    if (!this.keys.knows(appId)) throw new AppError('PUSH_APP_MISMATCH');
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

/** The pairs whose `signature` is valid, if it is present. An encrypted push may have `msg_signature` only. */
function signedPairs(pairs: readonly PushPair[], query: PushQuery, stamp: PushStamp): readonly PushPair[] {
  const signature = parameter(query, 'signature');
  const mayLack = parameter(query, 'msg_signature') !== null;
  return requireSigned(
    pairs.filter(({ token, aesKey }) =>
      signature === null ? mayLack && aesKey !== null : isPushSignature(signature, token, stamp),
    ),
  );
}

/** A pair that has a key believes only what is encrypted with it, another one only what is plain. */
function believe(pairs: readonly PushPair[], { query, body }: PushRequest, stamp: PushStamp): Believed {
  const text = readText(body);
  const outer = readablePush(text);
  const encrypted = outer?.fields.get('Encrypt');
  const takesPlain = pairs.some(({ aesKey }) => aesKey === null);
  if (outer === null || encrypted === undefined) {
    if (!takesPlain) throw new AppError(outer === null ? 'PUSH_MALFORMED' : 'PUSH_NOT_ENCRYPTED');
    return { text, read: outer, envelope: null };
  }
  const signature = parameter(query, 'msg_signature') ?? '';
  const sealed = pairs.filter(
    ({ token, aesKey }) => aesKey !== null && isPushSignature(signature, token, stamp, encrypted),
  );
  if (sealed.length > 0) {
    const message = decrypt(sealed, encrypted);
    return { text: message, read: readablePush(message), envelope: outer };
  }
  if (!takesPlain) throw new AppError('PUSH_SIGNATURE_INVALID');
  if (!outer.fields.has('MsgType')) {
    throw new AppError('PUSH_DECRYPTION_FAILED', {
      detail: 'WECHAT_PUSH_AES_KEY is not set, or WECHAT_PUSH_APPS has no key for this app.',
    });
  }
  return { text, read: outer, envelope: null };
}

/**
 * Decrypts with the pair whose key it is. Another app's appid at the end makes it undecipherable too.
 * @throws AppError PUSH_DECRYPTION_FAILED
 */
function decrypt(pairs: readonly PushPair[], encrypted: string): string {
  for (const { aesKey, appId, platforms } of pairs) {
    const message = aesKey === null ? null : decryptPush(encrypted, { aesKey, appId }, platforms);
    if (message !== null) return message;
  }
  throw new AppError('PUSH_DECRYPTION_FAILED');
}

function requireSigned(pairs: readonly PushPair[]): readonly PushPair[] {
  if (pairs.length === 0) throw new AppError('PUSH_SIGNATURE_INVALID');
  return pairs;
}

function stampOf(query: PushQuery): PushStamp {
  return { timestamp: parameter(query, 'timestamp') ?? '', nonce: parameter(query, 'nonce') ?? '' };
}

function parameter(query: PushQuery, name: string): string | null {
  const value = query[name];
  return typeof value === 'string' && value !== '' ? value : null;
}
