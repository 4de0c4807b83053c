import type { Scope } from '../registry/partner.js';

/** The claims that each scope gives (OpenID Connect Core 5.4). */
export const CLAIMS_OF_SCOPES = {
  openid: ['sub'],
  profile: ['name', 'nickname', 'picture'],
  phone: ['phone_number', 'phone_number_verified'],
  // A refresh token, and no claims.
  offline_access: [],
  // The person in the WeChat app that the partner names: `wechatAppId`.
  wechat: ['wechat_app_id', 'wechat_openid', 'wechat_unionid'],
} as const satisfies Readonly<Record<Scope, readonly string[]>>;
