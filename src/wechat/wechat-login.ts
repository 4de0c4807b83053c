import type { AppKind } from '../channel/app-kinds.js';

/** A person's profile at WeChat. Each value may be missing. */
export interface WeChatProfile {
  readonly nickname: string | null;
  /** URL of the picture at WeChat. It becomes invalid when the person changes the picture. */
  readonly avatarUrl: string | null;
}

/**
 * A person's identity from WeChat's answer to our own call. Every channel produces it from its code. It is
 * all that the user room knows of WeChat.
 */
export interface WeChatLogin {
  readonly appId: string;
  readonly appKind: AppKind;
  readonly openId: string;
  /** `null` unless the app is bound to an Open Platform account. */
  readonly unionId: string | null;
  /** For websites and pages inside WeChat, if the person consented and it was read. */
  readonly profile: WeChatProfile | null;
  /**
   * Asks WeChat for the profile, and for the unionid where the first answer named none. Absent if there is
   * nothing to ask for. Never rejects: a login does not need a profile.
   */
  readonly readProfile?: () => Promise<Pick<WeChatLogin, 'profile' | 'unionId'>>;
  /** For mini program logins only. `obtainedAt` is the start time of the call to WeChat (ms). */
  readonly sessionKey: { readonly value: string; readonly obtainedAt: number } | null;
  /** WeChat's refresh token of a website login, valid for 30 days. */
  readonly refreshToken: string | null;
}

/** A login with all that WeChat says about the person. */
export async function withProfile(login: WeChatLogin): Promise<WeChatLogin> {
  const { readProfile, ...known } = login;
  return readProfile ? { ...known, ...(await readProfile()) } : login;
}
