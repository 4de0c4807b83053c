import { encryptPush, signPush } from './crypto.js';
import {
  eventFields,
  type PushFields,
  type PushFormat,
  type PushSubject,
  senderOf,
  write,
} from './message.js';

/** 明文, 兼容 and 安全 (section 6.3). */
export const MODES = ['plain', 'compat', 'safe'] as const;
export type PushMode = (typeof MODES)[number];

/** Defects of a push; see `POST /control/push`. */
export const TAMPERINGS = ['signature', 'body', 'ciphertext', 'appid'] as const;
export type Tampering = (typeof TAMPERINGS)[number];

/** How a push is built and signed. */
export interface PushManner {
  format: PushFormat;
  mode: PushMode;
  token: string;
  /** 43 characters; needed unless the mode is plain. */
  aesKey: string;
  timestamp: string;
  nonce: string;
  tamper: Tampering | undefined;
  /** Fields that are added, or that replace others. */
  fields: PushFields;
  /** Names with a leading space, as in the official JSON sample (section 6.5). */
  spacedKeys: boolean;
}

/** A push as it is sent. */
export interface Letter {
  query: Record<string, string>;
  contentType: string;
  body: string;
}

const ANOTHER_APP = 'wx0000000000000000';

/** Builds, encrypts and signs a push (sections 6.3, 6.5). */
export function letterOf(subject: PushSubject, manner: PushManner): Letter {
  const { format, mode, token, timestamp, nonce, tamper } = manner;
  const appId = tamper === 'appid' ? ANOTHER_APP : subject.appId;
  const fields = { ...eventFields({ ...subject, appId }), ...manner.fields };
  const named = manner.spacedKeys ? withSpaces(fields) : fields;
  const signature = signPush(token, timestamp, nonce);
  const query = { signature: spoilt(signature, tamper), timestamp, nonce, openid: senderOf(subject) };
  const contentType = format === 'json' ? 'application/json' : 'text/xml';
  if (mode === 'plain') {
    const body = write(named, format);
    return {
      query,
      contentType,
      body: tamper === 'body' ? body.replace(subject.openId, 'oSomebodyElse') : body,
    };
  }
  const sealed = encryptPush(write(named, format), appId, manner.aesKey);
  const encrypted = tamper === 'ciphertext' ? flipped(sealed) : sealed;
  const msgSignature = signPush(token, timestamp, nonce, encrypted);
  const sent = tamper === 'body' ? flipped(encrypted) : encrypted;
  const around = mode === 'compat' ? named : { ToUserName: fields.ToUserName ?? '' };
  return {
    query: { ...query, encrypt_type: 'aes', msg_signature: spoilt(msgSignature, tamper) },
    contentType,
    body: write({ ...around, Encrypt: sent }, format),
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
