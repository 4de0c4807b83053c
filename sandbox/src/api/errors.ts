import { newHint, newRid } from '../state/ids.js';

/** Which of WeChat's API families an endpoint belongs to: they differ in header and errmsg (section 0). */
export type Family = 'sns' | 'cgi';

/** The texts of errcodes, without their request id (sections 1.1, 3.3, 9). */
const TEXTS: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  40001:
    'invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r',
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40030: 'invalid refresh_token',
  40066: 'invalid url',
  40097: 'invalid args',
  40125: 'invalid appsecret',
  40129: 'invalid scene',
  40163: 'code been used',
  40164: 'invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist',
  40169: 'invalid length for scene, or the data is not json string',
  40188: 'invalid scope',
  40226: 'code blocked',
  40243: 'invalid appsecret, appsecret is frozen',
  41001: 'access_token missing',
  41002: 'appid missing',
  41003: 'refresh_token missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  41030: 'invalid page',
  42001: 'access_token expired',
  42002: 'refresh_token expired',
  42003: 'oauth_code expired',
  42007: 'user changed password, token invalid',
  43001: 'require GET method',
  43002: 'require POST method',
  43003: 'require https',
  43104: 'this appid does not have permission',
  44002: 'empty post data',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  45029: 'qrcode count out of limit',
  47001: 'data format error',
  48001: 'api unauthorized',
  48004: 'api forbidden for irregularities',
  50001: 'user unauthorized',
  50002: 'user limited',
  50004: 'forbid to use token interface',
  50007: 'account frozen',
  61010: 'code is expired',
  85096: 'scancode_time is reserved',
  87009: 'invalid signature',
  89002: 'open not exists',
  89300: 'invalid trade',
  89503: 'this ip needs admin confirmation',
};

// Under sns/* an invalid user token gets the short text (section 4.7).
const SNS_TEXTS: Readonly<Record<number, string>> = {
  40001: 'invalid credential, access_token is invalid or not latest',
};

// Business errors of wxa/* that carry a hint before the request id (sections 0, 1.4, 1.5).
const WITH_HINT: ReadonlySet<number> = new Set([40029, 40129, 41030]);

/** Thrown by an endpoint that replies with an errcode. */
export class Refusal extends Error {
  constructor(
    readonly errcode: number,
    /** In place of the text of the errcode; the request id follows it. */
    readonly text?: string,
  ) {
    super(`errcode ${errcode}`);
  }
}

/** The body of a refusal; see `failure`. */
export function refused(
  { errcode, text }: Refusal,
  family: Family,
  nowMs: number,
): { errcode: number; errmsg: string } {
  return failure(errcode, family, nowMs, text && `${text} rid: ${newRid(nowMs)}`);
}

/**
 * The body of a failure: `{ errcode, errmsg }`. The text ends with a request id, after a comma under
 * sns/* and without one elsewhere, there with a hint for some codes (section 0). A given `errmsg` is used as it is.
 */
export function failure(
  errcode: number,
  family: Family,
  nowMs: number,
  errmsg?: string | null,
): { errcode: number; errmsg: string } {
  if (errmsg != null) return { errcode, errmsg };
  if (errcode === 0) return { errcode, errmsg: 'ok' };
  const text = (family === 'sns' ? SNS_TEXTS[errcode] : undefined) ?? TEXTS[errcode] ?? 'unknown error';
  const rid = `rid: ${newRid(nowMs)}`;
  if (family === 'sns') return { errcode, errmsg: `${text}, ${rid}` };
  return { errcode, errmsg: `${text}${WITH_HINT.has(errcode) ? ` hint: [${newHint()}]` : ''} ${rid}` };
}

/** The Content-Type of JSON replies of a family; that of sns has no charset (section 0). */
export function contentTypeOf(family: Family): string {
  return family === 'sns' ? 'text/plain' : 'application/json; encoding=utf-8';
}

/** The family of a path: `sns/*`, or all the rest. */
export function familyOf(path: string): Family {
  return path.startsWith('/sns/') ? 'sns' : 'cgi';
}
