import { Injectable } from '@nestjs/common';
import type { Account } from 'oidc-provider';
import { type DirectoryUser, UserDirectory } from '../../user/user-directory.js';
import { UserReplies } from '../../user/user-replies.js';
import { UserService } from '../../user/user.service.js';
import type { Scope } from '../registry/partner.js';
import { PartnerRegistry } from '../registry/partner-registry.js';

/** The claims of a person (OpenID Connect Core 5.1); absent where nothing is known. `sub` is added by the provider. */
export interface PersonClaims {
  readonly name?: string;
  readonly nickname?: string;
  readonly picture?: string;
  /** E.164 */
  readonly phone_number?: string;
  readonly phone_number_verified?: boolean;
  readonly wechat_app_id?: string;
  readonly wechat_openid?: string;
  readonly wechat_unionid?: string;
}

/**
 * Scopes whose claims an ID token has, too. A logout carries it in a URL (`id_token_hint`), so phone numbers and ids of
 * WeChat come from userinfo alone.
 */
const IN_ID_TOKENS: ReadonlySet<string> = new Set<Scope>(['profile']);

/** The people of this service, as partners see them. */
@Injectable()
export class Accounts {
  constructor(
    private readonly users: UserService,
    private readonly directory: UserDirectory,
    private readonly replies: UserReplies,
    private readonly registry: PartnerRegistry,
  ) {}

  /**
   * The account of a person for the provider; `undefined` for one that is disabled or deleted.
   * @param userId may be a user who was merged: the surviving one decides
   * @param partnerId of the partner that asks
   */
  async find(userId: string, partnerId: string | null): Promise<Account | undefined> {
    const user = await this.directory.find(userId);
    if (user?.status !== 'active') return undefined;
    return {
      // Tokens and grants name the user of the consent, also after a merge.
      accountId: userId,
      claims: async (use, scope) => {
        const scopes = scope.split(' ').filter((each) => use === 'userinfo' || IN_ID_TOKENS.has(each));
        return { sub: userId, ...(await this.claimsOf(user, new Set(scopes), partnerId)) };
      },
    };
  }

  private async claimsOf(
    user: DirectoryUser,
    scopes: ReadonlySet<string>,
    partnerId: string | null,
  ): Promise<PersonClaims> {
    const { nickname, avatarUrl, phoneNumber } = this.replies.user(user);
    return {
      ...(scopes.has('profile') && {
        ...(nickname !== null && { name: nickname, nickname }),
        ...(avatarUrl !== null && { picture: avatarUrl }),
      }),
      // Numbers come from WeChat, which verified them.
      ...(scopes.has('phone') &&
        phoneNumber !== null && { phone_number: phoneNumber, phone_number_verified: true }),
      ...(scopes.has('wechat') && partnerId !== null && (await this.wechatClaims(user.id, partnerId))),
    };
  }

  /** The newest identity of the person in the app that the partner names. */
  private async wechatClaims(userId: string, partnerId: string): Promise<PersonClaims> {
    const appId = (await this.registry.find(partnerId))?.wechatAppId ?? null;
    if (appId === null) return {};
    const identity = await this.users.identityIn(appId, userId);
    if (!identity) return { wechat_app_id: appId };
    const { openId, unionId } = identity;
    return {
      wechat_app_id: appId,
      wechat_openid: openId,
      ...(unionId !== null && { wechat_unionid: unionId }),
    };
  }
}
