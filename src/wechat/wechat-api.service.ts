import { Injectable, Logger } from '@nestjs/common';
import type { AppKind } from '../channel/app-kinds.js';
import { Clock } from '../common/clock.js';
import { AppConfig, type WeChatApp } from '../config/app-config.js';
import { AppAccessTokens } from './app-access-tokens.js';
import { AppCalls } from './app-calls.js';
import {
  oauth2AuthorizeUrl,
  type OfficialAccountScope,
  qrConnectFrameUrl,
  qrConnectUrl,
} from './authorize-url.js';
import { Deadline } from './deadline.js';
import { CodeToSessionReply, codeToSession } from './endpoints/code-to-session.js';
import { OAuth2AccessTokenReply, oauth2AccessToken } from './endpoints/oauth2-access-token.js';
import { OAuth2RefreshTokenReply, oauth2RefreshToken, snsAuth } from './endpoints/oauth2-refresh-token.js';
import { absentAsNull, checkedReply } from './endpoints/reply-fields.js';
import { checkSession, ResetUserSessionKeyReply, resetUserSessionKey } from './endpoints/session-key.js';
import {
  toUserKey,
  userEncryptKey,
  UserEncryptKeyReply,
  type UserKey,
} from './endpoints/user-encrypt-key.js';
import { type PhoneInfo, UserPhoneNumberReply, userPhoneNumber } from './endpoints/user-phone-number.js';
import { readUserinfo, type Userinfo, userinfo } from './endpoints/userinfo.js';
import { wxaCodeUnlimit } from './endpoints/wxa-code.js';
import { INVALID_USER_TOKEN } from './error-codes.js';
import type { WeChatLanguage } from './language.js';
import { SpentCodes } from './spent-codes.js';
import { WeChatApps } from './wechat-apps.js';
import { WeChatError } from './wechat-error.js';
import { badReply, type Picture, WeChatHttp } from './wechat-http.js';
import type { WeChatLogin, WeChatProfile } from './wechat-login.js';

/** How long a login waits for the profile, which it does not require. */
const PROFILE_TIMEOUT_MS = 2_500;

/** Fields of a token reply for a person. */
interface UserAccess {
  readonly access_token: string;
  readonly openid: string;
  readonly unionid?: string | null;
}

/** An authorization code of OAuth 2.0. */
export interface OAuth2Code {
  readonly code: string;
  /** The app that the code was issued for; without it the first app of the kind. */
  readonly appId?: string | undefined;
  /** The requested scope. */
  readonly scope: string | null;
  /** Language of the profile. */
  readonly language: WeChatLanguage;
}

/** A person in a mini program, with their session_key. */
export interface MiniProgramUser {
  readonly appId: string;
  readonly openId: string;
  readonly sessionKey: string;
}

/**
 * WeChat as seen by the rest of the service: takes a code and returns the person's identity.
 *
 * Every method throws AppError: APP_UNKNOWN before anything is sent; WECHAT_CODE_USED for a code that was
 * tried before; WeChatError for an error of WeChat or of the connection. All calls of one login together take
 * at most 4.5 s.
 */
@Injectable()
export class WeChatApiService {
  private readonly logger = new Logger(WeChatApiService.name);

  constructor(
    private readonly apps: WeChatApps,
    private readonly spentCodes: SpentCodes,
    private readonly http: WeChatHttp,
    private readonly appCalls: AppCalls,
    private readonly appAccessTokens: AppAccessTokens,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** Exchanges a code of `wx.login` (wechat-api.md section 1.1). */
  async miniProgramLogin(code: string, appId?: string): Promise<WeChatLogin> {
    const app = this.apps.find('mini_program', appId);
    const obtainedAt = this.clock.now();
    const reply = await this.spentCodes.once(app.appId, code, async () =>
      checkedReply(CodeToSessionReply, await this.http.call(codeToSession(app, code), new Deadline())),
    );
    return {
      appId: app.appId,
      appKind: app.kind,
      openId: reply.openid,
      unionId: absentAsNull(reply.unionid),
      profile: null,
      sessionKey: { value: reply.session_key, obtainedAt },
      refreshToken: null,
    };
  }

  /**
   * Exchanges a code of OAuth 2.0. If the scope includes nickname and picture, `readProfile` of the result asks
   * for them (wechat-api.md sections 4.4, 4.7, 5).
   * @throws AppError also WECHAT_SNAPSHOT_USER; WECHAT_CONFIGURATION if WeChat granted less than
   * snsapi_userinfo
   */
  async oauth2Login(kind: AppKind, { code, appId, scope, language }: OAuth2Code): Promise<WeChatLogin> {
    const app = this.apps.find(kind, appId);
    const deadline = new Deadline();
    const token = await this.oauth2Token(app, code, deadline);
    // snsapi_base needs no consent of the person. Such a code must not pass for one that the person consented
    // to.
    if (scope === 'snsapi_userinfo' && token.scope && !token.scope.split(',').includes(scope)) {
      throw new WeChatError('WECHAT_CONFIGURATION', { detail: 'WeChat granted less than was asked for.' });
    }
    const login = loginOf(app, token, null);
    if (scope === 'snsapi_base') return login;
    const readProfile: WeChatLogin['readProfile'] = async () => {
      const limit = deadline.atMost(PROFILE_TIMEOUT_MS);
      const { profile, unionId } = loginOf(
        app,
        token,
        await this.optionalUserinfo(app, token, language, limit),
      );
      return { profile, unionId };
    };
    return { ...login, readProfile };
  }

  /** URL of the QR page of a website app. @throws AppError APP_UNKNOWN */
  websiteAuthorizeUrl(appId: string, callbackUrl: string, state: string, language: WeChatLanguage): string {
    const app = this.apps.find('website', appId);
    return qrConnectUrl(this.config.wechat.openUrl, app.appId, callbackUrl, state, language);
  }

  /** URL of the same page inside an iframe. @throws AppError APP_UNKNOWN */
  websiteFrameUrl(appId: string, callbackUrl: string, state: string, language: WeChatLanguage): string {
    const app = this.apps.find('website', appId);
    return qrConnectFrameUrl(this.config.wechat.openUrl, app.appId, callbackUrl, state, language);
  }

  /** URL of the authorization page for a page inside WeChat's browser. @throws AppError APP_UNKNOWN */
  officialAccountAuthorizeUrl(
    appId: string,
    callbackUrl: string,
    scope: OfficialAccountScope,
    state: string,
  ): string {
    const app = this.apps.find('official_account', appId);
    return oauth2AuthorizeUrl(this.config.wechat.openUrl, app.appId, callbackUrl, scope, state);
  }

  /**
   * Fetches the picture of a mini program code with a scene (section 1.5).
   * @param scene 1 to 32 letters, digits, `-` or `_`
   */
  miniProgramCode(appId: string, scene: string): Promise<Picture> {
    const app = this.apps.find('mini_program', appId);
    const { scanPage } = this.config.wechat;
    return this.appCalls.picture(
      app,
      (token) => wxaCodeUnlimit(app.appId, token, scene, scanPage),
      new Deadline(),
    );
  }

  /**
   * Exchanges a code of the getPhoneNumber button for the phone number (section 1.4). WeChat checks that the
   * code belongs to the openid.
   * @throws AppError also WECHAT_CODE_INVALID for another person's code
   */
  async phoneNumber(appId: string, openId: string, code: string): Promise<PhoneInfo> {
    const app = this.apps.find('mini_program', appId);
    const call = (token: string) => userPhoneNumber(app.appId, token, openId, code);
    const reply = await this.appCalls.callOnce(app, code, call, new Deadline());
    return checkedReply(UserPhoneNumberReply, reply).phone_info;
  }

  /** Whether the session_key is still valid at WeChat (section 1.2). */
  async isSessionKeyAlive({ appId, openId, sessionKey }: MiniProgramUser): Promise<boolean> {
    const app = this.apps.find('mini_program', appId);
    try {
      await this.appCalls.call(
        app,
        (token) => checkSession(appId, token, openId, sessionKey),
        new Deadline(),
      );
      return true;
    } catch (error) {
      if (error instanceof WeChatError && error.code === 'SESSION_KEY_STALE') return false;
      throw error;
    }
  }

  /**
   * Replaces the session_key. The old one becomes invalid at once (section 1.3).
   * @returns the key and the start time of the call (ms)
   * @throws AppError SESSION_KEY_STALE
   */
  async resetSessionKey({
    appId,
    openId,
    sessionKey,
  }: MiniProgramUser): Promise<{ value: string; obtainedAt: number }> {
    const app = this.apps.find('mini_program', appId);
    const obtainedAt = this.clock.now();
    const call = (token: string) => resetUserSessionKey(appId, token, openId, sessionKey);
    const reply = checkedReply(ResetUserSessionKeyReply, await this.appCalls.call(app, call, new Deadline()));
    if (reply.openid !== openId) throw badReply("The session_key is somebody else's.");
    return { value: reply.session_key, obtainedAt };
  }

  /**
   * The last keys with which the mini program encrypts for its server, the newest first (wechat-api-2.md
   * section 13.6).
   * @throws AppError SESSION_KEY_STALE
   */
  async userEncryptKeys({ appId, openId, sessionKey }: MiniProgramUser): Promise<UserKey[]> {
    const app = this.apps.find('mini_program', appId);
    const now = this.clock.now();
    const call = (token: string) => userEncryptKey(appId, token, openId, sessionKey);
    const reply = checkedReply(UserEncryptKeyReply, await this.appCalls.call(app, call, new Deadline()));
    return reply.key_info_list.map((info) => toUserKey(info, now)).sort((a, b) => b.version - a.version);
  }

  /**
   * Reads the profile of a website login again (sections 4.5 to 4.7).
   * @param refreshToken WeChat's refresh token of the login
   * @param language language of the profile
   * @throws AppError WECHAT_AUTHORIZATION_EXPIRED if the token is no longer valid
   */
  async websiteProfile(
    appId: string,
    openId: string,
    refreshToken: string,
    language: WeChatLanguage,
  ): Promise<WeChatProfile> {
    const app = this.apps.find('website', appId);
    const deadline = new Deadline();
    const token = checkedReply(
      OAuth2RefreshTokenReply,
      await this.http.call(oauth2RefreshToken(app.appId, refreshToken), deadline),
    );
    if (token.openid !== openId) throw badReply("The token is somebody else's.");
    const { profile } = await this.authorizedUserinfo(app, token, language, deadline);
    return profile;
  }

  /**
   * The app's access token, for other services of the operator. All instances share one.
   * @returns the token and its expiry (ms)
   * @throws AppError APP_UNKNOWN, also for website apps, which have no access token
   */
  async appAccessToken(appId: string): Promise<{ accessToken: string; expiresAt: number }> {
    const app = this.apps.withAccessToken(appId);
    const { token, expiresAt } = await this.appAccessTokens.get(app, new Deadline());
    return { accessToken: token, expiresAt };
  }

  /** @throws AppError also WECHAT_SNAPSHOT_USER: a snapshot page has a fictitious user (section 5) */
  private async oauth2Token(
    app: WeChatApp,
    code: string,
    deadline: Deadline,
  ): Promise<OAuth2AccessTokenReply> {
    const token = await this.spentCodes.once(app.appId, code, async () =>
      checkedReply(OAuth2AccessTokenReply, await this.http.call(oauth2AccessToken(app, code), deadline)),
    );
    if (token.is_snapshotuser === 1) throw new WeChatError('WECHAT_SNAPSHOT_USER');
    return token;
  }

  /**
   * Reads the profile. If the token that WeChat has just issued is refused, the person has revoked the
   * authorization.
   */
  private async authorizedUserinfo(
    app: WeChatApp,
    token: UserAccess,
    language: WeChatLanguage,
    deadline: Deadline,
  ): Promise<Userinfo> {
    try {
      await this.http.call(snsAuth(app.appId, token.access_token, token.openid), deadline);
      return await this.userinfo(app, token, language, deadline);
    } catch (error) {
      if (!(error instanceof WeChatError) || !INVALID_USER_TOKEN.has(error.errcode)) throw error;
      throw new WeChatError('WECHAT_AUTHORIZATION_EXPIRED', { detail: error.detail });
    }
  }

  /**
   * Reads the profile at a login. The person is identified already, so a failure here does not refuse the
   * login. A profile with another openid is dropped together with its unionid.
   */
  private async optionalUserinfo(
    app: WeChatApp,
    token: UserAccess,
    language: WeChatLanguage,
    deadline: Deadline,
  ): Promise<Userinfo | null> {
    try {
      return await this.userinfo(app, token, language, deadline);
    } catch (error) {
      const reason = error instanceof WeChatError ? { code: error.code, detail: error.detail } : {};
      this.logger.warn({ appId: app.appId, ...reason, msg: 'the login continues without a profile' });
      return null;
    }
  }

  private async userinfo(
    app: WeChatApp,
    token: UserAccess,
    language: WeChatLanguage,
    deadline: Deadline,
  ): Promise<Userinfo> {
    const call = userinfo(app.appId, token.access_token, token.openid, language);
    const info = readUserinfo(await this.http.call(call, deadline));
    if (info.openId !== token.openid) throw badReply("The profile is somebody else's.");
    if (token.unionid && info.unionId && token.unionid !== info.unionId) {
      throw badReply('Token and profile name two unionids.');
    }
    return info;
  }
}

function loginOf(app: WeChatApp, token: OAuth2AccessTokenReply, info: Userinfo | null): WeChatLogin {
  return {
    appId: app.appId,
    appKind: app.kind,
    openId: token.openid,
    unionId: absentAsNull(token.unionid) ?? info?.unionId ?? null,
    profile: info?.profile ?? null,
    sessionKey: null,
    refreshToken: absentAsNull(token.refresh_token),
  };
}
