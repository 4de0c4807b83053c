import { randomInt } from 'node:crypto';
import { encryptPush, signPush } from '../../sandbox/src/push/crypto.js';
import { call, type Reply } from './http.js';
import type { Problem, World } from './world.js';

/** How a push is signed and encrypted. The sandbox's own pushes are those of `POST /control/push`. */
export interface LetterOptions {
  readonly token: string;
  /** 43 characters. Without it the push is plain. */
  readonly aesKey?: string;
  /** The appid at the end of the plaintext; the app's, unless a test means another. */
  readonly trailer?: string;
  /** Whether the plain fields stand beside `Encrypt`. */
  readonly isCompatible?: boolean;
}

/** A push as WeChat would send it (wechat-api-2.md section 15.1). */
export interface PushLetter {
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: string;
}

/** Signs any plaintext as a push for an app, in the format that its first character shows. */
export function pushLetter(
  world: World,
  appId: string,
  message: string,
  { token, aesKey, trailer = appId, isCompatible = false }: LetterOptions,
): PushLetter {
  const timestamp = String(Math.floor(world.clock.now() / 1000));
  const nonce = String(randomInt(1e9));
  const query = { signature: signPush(token, timestamp, nonce), timestamp, nonce, openid: 'oSender' };
  const isXml = message.startsWith('<');
  const contentType = isXml ? 'text/xml' : 'application/json';
  if (aesKey === undefined) return { query, contentType, body: message };
  const encrypted = encryptPush(message, trailer, aesKey);
  return {
    query: {
      ...query,
      encrypt_type: 'aes',
      msg_signature: signPush(token, timestamp, nonce, encrypted),
    },
    contentType,
    body: isXml ? xmlAround(message, encrypted, isCompatible) : jsonAround(message, encrypted, isCompatible),
  };
}

/** Posts a push to an instance. */
export function post(
  url: string,
  appId: string,
  { query, contentType, body }: PushLetter,
): Promise<Reply<Partial<Problem>>> {
  return call<Partial<Problem>>(`${url}/v1/wechat/events/${appId}?${new URLSearchParams(query).toString()}`, {
    body,
    headers: { 'content-type': contentType },
  });
}

function xmlAround(message: string, encrypted: string, isCompatible: boolean): string {
  const inner = isCompatible ? message.replace(/^<xml>|<\/xml>\s*$/g, '') : '<ToUserName>gh_1</ToUserName>';
  return `<xml>${inner}<Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`;
}

function jsonAround(message: string, encrypted: string, isCompatible: boolean): string {
  const sealed = `"Encrypt":${JSON.stringify(encrypted)}}`;
  return isCompatible ? `${message.slice(0, -1)},${sealed}` : `{"ToUserName":"gh_1",${sealed}`;
}
