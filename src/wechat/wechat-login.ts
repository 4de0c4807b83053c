import type { AppKind } from '../channel/app-kinds.js';

/** What WeChat says of a person, where it says anything. */
export interface WeChatProfile {
  readonly nickname: string | null;
  /** Address of the picture at WeChat; dies when the person changes it. */
  readonly avatarUrl: string | null;
}

/**
 * Who somebody is, from WeChat's answer to our own call: what every channel makes of its code, and all that the
 * user room knows of WeChat.
 */
export interface WeChatLogin {
  readonly appId: string;
  readonly appKind: AppKind;
  readonly openId: string;
  /** Absent unless the app is bound to an Open Platform account. */
  readonly unionId: string | null;
  /** From websites and from pages inside WeChat, where the person agreed to it. */
  readonly profile: WeChatProfile | null;
  /** From mini-program logins only; `obtainedAt` (ms) is when the call to WeChat began. */
  readonly sessionKey: { readonly value: string; readonly obtainedAt: number } | null;
  /** WeChat's own refresh token of a website login, good for 30 days. */
  readonly refreshToken: string | null;
}
