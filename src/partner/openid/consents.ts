import { Injectable } from '@nestjs/common';
import type { Grant, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { Grants } from '../grants/grants.js';

/** What a person is asked to grant in an interaction. */
export interface AskedConsent {
  readonly partnerId: string;
  readonly userId: string;
  /** The grant that exists already; `undefined` for none. */
  readonly grantId: string | undefined;
  /** Scopes that were not granted yet. */
  readonly scopes: readonly string[];
  /** The person was not asked: the partner is the operator's own. */
  readonly isUnasked?: boolean;
}

/** A grant as it is stored: with a mark of ours (`OpenIdProvider`). */
interface MarkedGrant {
  isUnasked?: boolean | undefined;
}

/** Remembers what people granted: who agreed once is not asked again for the same. */
@Injectable()
export class Consents {
  constructor(private readonly grants: Grants) {}

  /**
   * The grant of the person of a request at its partner. One that was given before two users were merged is taken over
   * for the surviving user.
   */
  async existing({ oidc }: KoaContextWithOIDC): Promise<Grant | undefined> {
    const partnerId = oidc.client?.clientId;
    const userId = oidc.account?.accountId;
    if (partnerId === undefined || userId === undefined) return undefined;
    const { Grant } = oidc.provider;
    const known = oidc.result?.consent?.grantId ?? oidc.session?.grantIdFor(partnerId);
    const grant = known === undefined ? undefined : await Grant.find(known);
    if (grant?.accountId === userId && grant.clientId === partnerId) return grant;
    const [newest] = await this.grants.ofPersonAt(partnerId, userId);
    if (!newest) return undefined;
    const remembered = await Grant.find(newest.id);
    if (!remembered || remembered.accountId === userId) return remembered;
    return this.grant(oidc.provider, { partnerId, userId, grantId: undefined, scopes: newest.allowedScopes });
  }

  /** Id of the grant of a person at a partner that is theirs after all merges; `undefined` for none. */
  async idOf(partnerId: string, userId: string): Promise<string | undefined> {
    const [newest] = await this.grants.ofPersonAt(partnerId, userId);
    return newest?.payload.accountId === userId ? newest.id : undefined;
  }

  /** Stores a consent. @throws AppError AUTHORIZATION_EXPIRED where the partner or the person was deleted meanwhile */
  async grant(
    { Grant }: Provider,
    { partnerId: clientId, userId: accountId, grantId, scopes, isUnasked = false }: AskedConsent,
  ): Promise<Grant> {
    const found = grantId === undefined ? undefined : await Grant.find(grantId);
    const grant = found ?? new Grant({ accountId, clientId });
    grant.addOIDCScope(scopes.join(' '));
    // Also where a person consents later: they were asked about a part of it.
    if (isUnasked) (grant as MarkedGrant).isUnasked = true;
    await grant.save();
    return grant;
  }
}
