import { encryptPush, signPush } from './crypto.js';
import { type PushFields, type PushFormat, writeFields } from './fields.js';
import type { PushMessage } from './message.js';

/** 明文, 兼容 and 安全 (section 6.3). */
export const MODES = ['plain', 'compat', 'safe'] as const;
export type PushMode = (typeof MODES)[number];

/** Defects of a push; see `POST /control/push`. */
export const TAMPERINGS = ['signature', 'body', 'ciphertext', 'appid'] as const;
export type Tampering = (typeof TAMPERINGS)[number];

/** The app of a push that is made for another one. */
export const ANOTHER_APP = 'wx0000000000000000';

/** How pushes to an app are built and signed: what its operator saved at WeChat. */
export interface PushSettings {
  format: PushFormat;
  mode: PushMode;
  token: string;
  /** 43 characters; needed unless the mode is plain. */
  aesKey: string;
}

/** The same for one push, with its deviations. */
export interface PushManner extends PushSettings {
  tamper?: Tampering | undefined;
  /** Names with a leading space, as in the official JSON sample (section 6.5). */
  spacedKeys?: boolean;
  /** The AppID at the end of the plaintext, if it is not the app's: that of a third-party platform (V16). */
  trailerAppId?: string | undefined;
}

/** What is new at each try. */
export interface Stamp {
  /** Unix seconds. */
  timestamp: string;
  nonce: string;
}

/** A push as it is sent. */
export interface Letter {
  query: Record<string, string>;
  contentType: string;
  body: string;
}

/** Builds, encrypts and signs a push (sections 6.3, 6.5). */
export function letterOf(message: PushMessage, manner: PushManner, { timestamp, nonce }: Stamp): Letter {
  const { format, mode, token, tamper } = manner;
  const { fields, appId, sender, openId } = message;
  const named = manner.spacedKeys ? withSpaces(fields) : fields;
  const signature = signPush(token, timestamp, nonce);
  const query = { signature: spoilt(signature, tamper), timestamp, nonce, openid: sender };
  const contentType = format === 'json' ? 'application/json' : 'text/xml';
  if (mode === 'plain') {
    const body = writeFields(named, format);
    return {
      query,
      contentType,
      body: tamper === 'body' ? body.replace(openId, 'oSomebodyElse') : body,
    };
  }
  const plaintext = writeFields(named, format);
  const trailer = tamper === 'appid' ? ANOTHER_APP : (manner.trailerAppId ?? appId);
  const sealed = encryptPush(plaintext, trailer, manner.aesKey);
  const encrypted = tamper === 'ciphertext' ? flipped(sealed) : sealed;
  const msgSignature = signPush(token, timestamp, nonce, encrypted);
  const sent = tamper === 'body' ? flipped(encrypted) : encrypted;
  const around = mode === 'compat' ? named : { ToUserName: fields.ToUserName ?? '' };
  return {
    query: { ...query, encrypt_type: 'aes', msg_signature: spoilt(msgSignature, tamper) },
    contentType,
    body: writeFields({ ...around, Encrypt: sent }, format),
  };
}

function withSpaces(fields: PushFields): PushFields {
  const spaced = ['OpenID', 'UnionID', 'AppID', 'RevokeInfo'];
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [spaced.includes(name) ? ` ${name}` : name, value]),
  );
}

function spoilt(signature: string, tamper: Tampering | undefined): string {
  if (tamper !== 'signature') return signature;
  return signature.slice(0, -1) + (signature.endsWith('0') ? '1' : '0');
}

/** Flips one bit of the last block. */
function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 0x40, bytes.length - 1);
  return bytes.toString('base64');
}
