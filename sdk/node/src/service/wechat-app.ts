import type { AppAccessToken, Signature, Ticket, UserEncryptKey } from '../../../shared/api.js';
import { KeptCredentials } from './kept-credentials.js';
import { bodyOf } from './replies.js';
import type { ServiceHttp } from './service-http.js';

/** A person of a mini program: the id of the user (`sub` of an access token), or the openid there. */
export type PersonOfApp = (
  { readonly userId: string; readonly openId?: never } | { readonly openId: string; readonly userId?: never }
) & {
  /** Default: the first mini program of wechat-auth. */
  readonly appId?: string | undefined;
};

/** What is signed, and for whom. */
export type SignOptions = PersonOfApp & {
  /** Exactly what WeChat gets: the body of the call, or `signData`. Serialise once, and send this very text or bytes. */
  readonly payload: string | Uint8Array;
  /** Asks WeChat first whether the session_key is alive. */
  readonly requireAlive?: boolean | undefined;
  /** For `paySig`: path of the call without host and query, or `requestVirtualPayment`. */
  readonly uri?: string | undefined;
  /** Whose AppKey: 0 live (default), 1 sandbox of virtual payment. */
  readonly env?: 0 | 1 | undefined;
};

/** What services do with a WeChat app whose secrets they do not have. */
export interface WeChatApp {
  /**
   * The access token of a WeChat app for WeChat's server APIs. It is kept until five minutes before it expires.
   * @param options `refused`: the token that WeChat has just refused (40001, 42001), so another one is fetched
   */
  readonly appAccessToken: (
    appId: string,
    options?: { readonly refused?: string },
  ) => Promise<AppAccessToken>;
  /** A ticket of a WeChat app, for services that sign `wx.config` or cards themselves. Kept like the access token. */
  readonly ticket: (appId: string, type?: 'jsapi' | 'wx_card') => Promise<Ticket>;
  /**
   * Signs with the session_key of a person, which stays at wechat-auth. After SESSION_KEY_STALE the person logs in again
   * by wx.login.
   */
  readonly sign: (options: SignOptions) => Promise<Signature>;
  /** The last three encryption keys of a person, the newest first: those of `wx.getUserCryptoManager()`. */
  readonly userEncryptKeys: (person: PersonOfApp) => Promise<UserEncryptKey[]>;
}

/** The routes of `/v1/wechat`. None of them changes anything, so each call may be repeated. */
export function weChatApp(http: ServiceHttp): WeChatApp {
  const get = (path: string) => http.call(path, { method: 'GET', repeatable: true });
  const tokens = new KeptCredentials(async (path) =>
    bodyOf<AppAccessToken>(await get(path), {
      accessToken: 'string',
      expiresAt: 'string',
      expiresIn: 'number',
    }),
  );
  const tickets = new KeptCredentials(async (path) =>
    bodyOf<Ticket>(await get(path), { ticket: 'string', expiresAt: 'string', expiresIn: 'number' }),
  );
  return {
    appAccessToken: (appId, { refused } = {}) =>
      tokens.get(
        `/v1/wechat/access-tokens/${encodeURIComponent(appId)}`,
        ({ accessToken }) => accessToken === refused,
      ),
    ticket: (appId, type = 'jsapi') =>
      tickets.get(`/v1/wechat/tickets/${encodeURIComponent(appId)}?type=${encodeURIComponent(type)}`),
    sign: async ({ appId, openId, userId, payload, requireAlive, uri, env }) => {
      const written =
        typeof payload === 'string'
          ? { payload }
          : { payload: Buffer.from(payload).toString('base64'), encoding: 'base64' };
      const json = { appId, openId, userId, requireAlive, uri, env, ...written };
      const reply = await http.call('/v1/wechat/signatures', { json, repeatable: true });
      return bodyOf<Signature>(reply, { signature: 'string', openId: 'string', appId: 'string' });
    },
    userEncryptKeys: async ({ appId, openId, userId }) => {
      const json = { appId, openId, userId };
      const reply = await http.call('/v1/wechat/user-encrypt-keys', { json, repeatable: true });
      return bodyOf<{ keys: UserEncryptKey[] }>(reply, { keys: 'object' }).keys;
    },
  };
}
