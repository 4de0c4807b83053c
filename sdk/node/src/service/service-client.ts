import { isIP } from 'node:net';
import type { Introspection, RefreshReply, TokenReply } from '../../../shared/api.js';
import { apiKeyOf } from '../options.js';
import { introspectBy, tokenForm, type TokenTypeHint } from './introspect.js';
import { bodyOf, checkEmpty } from './replies.js';
import { ServiceHttp, type ServiceOptions } from './service-http.js';
import { type WeChatApp, weChatApp } from './wechat-app.js';

/** The person for whom a back end calls. */
export interface OnBehalfOf {
  /** Address of the person: sessions and events record it. Anything but one IP address is left out. */
  readonly clientIp?: string | undefined;
  /** User-Agent of the person: the list of sessions names the device. */
  readonly userAgent?: string | undefined;
}

/** Options of `createServiceClient`. */
export interface ServiceClientOptions extends ServiceOptions {
  readonly apiKey: string;
}

/** The routes for services with a key (docs/guide/operators.md), and those that a back end calls for people. */
export interface ServiceClient extends WeChatApp {
  /** Whether a token is active now, and whose it is (RFC 7662). An inactive token is no error. */
  readonly introspect: (token: string, hint?: TokenTypeHint) => Promise<Introspection>;
  /** Ends the session of a token (RFC 7009). An inactive token is no error. */
  readonly revoke: (token: string, hint?: TokenTypeHint) => Promise<void>;
  /** Logs a person in with a code of `wx.login` that came to your back end. Not repeated once it was received. */
  readonly miniProgramLogin: (
    code: string,
    options?: OnBehalfOf & { readonly appId?: string | undefined },
  ) => Promise<TokenReply>;
  /** New tokens for a session. Repeated within 60 s, it gives the same ones. */
  readonly refresh: (refreshToken: string, options?: OnBehalfOf) => Promise<RefreshReply>;
  /** Ends the session of a refresh token. */
  readonly logout: (refreshToken: string, options?: OnBehalfOf) => Promise<void>;
}

/** Nobody knows whether WeChat has seen the code, or it will go on refusing for a minute. */
const NEW_CODE_NEEDED = ['WECHAT_UNAVAILABLE', 'WECHAT_RATE_LIMITED'];

/** What every reply with tokens has. */
export const TOKEN_FIELDS = {
  accessToken: 'string',
  refreshToken: 'string',
  expiresIn: 'number',
  identity: 'object',
} as const;

/**
 * Creates a client for a service with a key. All its methods reject with an AuthError.
 * @throws AuthError OPTIONS_INVALID
 */
export function createServiceClient(options: ServiceClientOptions): ServiceClient {
  const http = new ServiceHttp({ ...options, apiKey: apiKeyOf(options.apiKey) });
  return {
    ...weChatApp(http),
    introspect: (token, hint) => introspectBy(http, token, hint),
    revoke: async (token, hint) => {
      checkEmpty(await http.call('/v1/auth/revoke', { form: tokenForm(token, hint), repeatable: true }));
    },
    miniProgramLogin: async (code, { appId, ...person } = {}) => {
      const reply = await http.call('/v1/mini-program/login', {
        json: { code, appId },
        headers: headersOf(person),
        repeatable: false,
        final: NEW_CODE_NEEDED,
      });
      return bodyOf<TokenReply>(reply, { ...TOKEN_FIELDS, user: 'object' });
    },
    refresh: async (refreshToken, person = {}) => {
      const reply = await http.call('/v1/auth/refresh', {
        json: { refreshToken },
        headers: headersOf(person),
        repeatable: true,
      });
      return bodyOf<RefreshReply>(reply, TOKEN_FIELDS);
    },
    logout: async (refreshToken, person = {}) => {
      const reply = await http.call('/v1/auth/logout', {
        json: { refreshToken },
        headers: headersOf(person),
        repeatable: true,
      });
      checkEmpty(reply);
    },
  };
}

function headersOf({ clientIp, userAgent }: OnBehalfOf): Record<string, string> {
  return {
    ...(clientIp !== undefined && isIP(clientIp) > 0 ? { 'x-forwarded-for': clientIp } : {}),
    // fetch() refuses other characters with an error.
    ...(userAgent !== undefined && /^[\x20-\x7e]+$/.test(userAgent) ? { 'user-agent': userAgent } : {}),
  };
}
