import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, Matches, Max, Min, ValidateNested } from 'class-validator';
import type { WeChatCall } from '../wechat-http.js';
import { signedQuery } from './session-key.js';

/**
 * GET wxa/business/getuserencryptkey: the person's last three encryption keys (wechat-api-2.md section 13.6), with
 * the signature of checksession.
 */
export function userEncryptKey(appId: string, token: string, openId: string, sessionKey: string): WeChatCall {
  return {
    path: 'wxa/business/getuserencryptkey',
    appId,
    query: signedQuery(token, openId, sessionKey),
  };
}

/** How long a key lives. */
const LIFE_S = 3600;
/** The year 2100: a time in milliseconds is no Unix time. */
const MAX_TIME_S = 4_102_444_800;

/** One key of the reply. */
export class KeyInfo {
  @Matches(/^[A-Za-z0-9+/]{22}==$/, { message: 'must be base64 of 16 bytes' })
  encrypt_key!: string;

  @Matches(/^[\x21-\x7e]{16}$/, { message: 'must be 16 characters' })
  iv!: string;

  @IsInt()
  @Min(0)
  version!: number;

  /** Remaining seconds; 0 for a key that has ended. */
  @IsInt()
  @Max(24 * LIFE_S)
  expire_in!: number;

  /** Unix time. */
  @IsInt()
  @Min(0)
  @Max(MAX_TIME_S)
  create_time!: number;
}

/** The reply of getuserencryptkey. */
export class UserEncryptKeyReply {
  @IsArray()
  @ArrayMaxSize(20)
  @ValidateNested({ each: true })
  @Type(() => KeyInfo)
  key_info_list!: KeyInfo[];
}

/** A key with which the mini program encrypts for its server. Times in ms. */
export interface UserKey {
  /** base64 of 16 bytes. */
  readonly encryptKey: string;
  /** 16 characters. */
  readonly iv: string;
  readonly version: number;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Reads one key of the reply. @param now when the call began (ms) */
export function toUserKey(info: KeyInfo, now: number): UserKey {
  const createdAt = info.create_time * 1000;
  const expiresAt =
    info.expire_in > 0 ? now + info.expire_in * 1000 : Math.min(createdAt + LIFE_S * 1000, now);
  return { encryptKey: info.encrypt_key, iv: info.iv, version: info.version, createdAt, expiresAt };
}
