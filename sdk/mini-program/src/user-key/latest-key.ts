import { settle } from '../platform.js';
import type { Listeners } from '../types.js';
import { bytesOfBase64 } from './base64.js';
import { failure } from './failure.js';

declare const wx: { readonly getUserCryptoManager?: () => CryptoManager } | undefined;

interface CryptoManager {
  readonly getLatestUserKey: (callbacks: Listeners<UserKey>) => unknown;
  readonly getRandomValues: (
    options: Listeners<{ readonly randomValues: ArrayBuffer }> & { readonly length: number },
  ) => unknown;
}

/** A key of the person who uses the mini program (wechat-api-2.md 13.6). Only WeChat and your server know it, too. */
export interface UserKey {
  /** Base64 of 16 bytes. */
  readonly encryptKey: string;
  /** 16 characters, the same as long as the key. */
  readonly iv: string;
  readonly version: number;
  /** When the key ends, as WeChat says it; its documentation names no unit. */
  readonly expireTime: number;
}

const TIMEOUT_MS = 10_000;
const KEY_LENGTH = 16;

/**
 * The newest key of the person, which lasts for an hour.
 * @throws AuthError USER_KEY_UNAVAILABLE; base library before 2.17.3 has none
 */
export async function getLatestUserKey(): Promise<UserKey> {
  const key = await ask<UserKey>((manager, callbacks) => manager.getLatestUserKey(callbacks));
  const { encryptKey, iv, version, expireTime } = key;
  const isKey = bytesOfBase64(encryptKey)?.length === KEY_LENGTH && iv && version >= 0;
  if (!isKey) throw failure('USER_KEY_UNAVAILABLE', 'WeChat has given no key', { retryable: true });
  return { encryptKey, iv, version, expireTime };
}

/** @throws AuthError USER_KEY_UNAVAILABLE */
export async function randomBytes(length: number): Promise<Uint8Array> {
  const { randomValues } = await ask<{ readonly randomValues: ArrayBuffer }>((manager, callbacks) =>
    manager.getRandomValues({ ...callbacks, length }),
  );
  const bytes = new Uint8Array(randomValues);
  if (bytes.length !== length)
    throw failure('USER_KEY_UNAVAILABLE', 'WeChat has given no random bytes', { retryable: true });
  return bytes;
}

async function ask<Result>(
  run: (manager: CryptoManager, callbacks: Listeners<Result>) => unknown,
): Promise<Result> {
  const getManager = typeof wx === 'undefined' ? undefined : wx.getUserCryptoManager;
  if (!getManager) throw failure('USER_KEY_UNAVAILABLE', 'there is no wx.getUserCryptoManager here');
  return settle<Result>((callbacks) => run(getManager(), callbacks), TIMEOUT_MS).catch((reason: unknown) => {
    const said = (reason as { readonly errMsg?: unknown } | undefined)?.errMsg || reason;
    throw failure('USER_KEY_UNAVAILABLE', String(said), { retryable: true, reason });
  });
}
