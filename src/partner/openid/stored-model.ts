import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Clock } from '../../common/clock.js';
import { isForeignKeyViolation } from '../../database/database-errors.js';
import type { PartnerTokens, StoredModel } from '../tokens/partner-tokens.js';
import { errors, Provider } from './library.js';
import { ModelAdapter } from './model-adapter.js';
import { familyOfExchange, revokedFamily } from './token-family.js';

/** Authorization codes and refresh tokens, in the database. */
export class StoredModelAdapter extends ModelAdapter implements Adapter {
  constructor(
    private readonly model: StoredModel,
    private readonly tokens: PartnerTokens,
    /** Ends the access tokens of a grant. */
    private readonly endAccess: (grantId: string) => Promise<void>,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** @throws InvalidGrant where the consent was withdrawn, or the token that is exchanged was revoked meanwhile */
  override async upsert(
    id: string,
    { jti: _, ...payload }: AdapterPayload,
    expiresIn: number,
  ): Promise<void> {
    const { grantId } = payload;
    if (grantId === undefined) throw new Error(`a ${this.model} without a grant`);
    const { RotatedRefreshToken, AuthorizationCode } = Provider.ctx?.oidc.entities ?? {};
    try {
      const isStored = await this.tokens.insert({
        model: this.model,
        token: id,
        grantId,
        payload: JSON.stringify(
          this.model === 'RefreshToken' ? { ...payload, family: familyOfExchange() } : payload,
        ),
        expiresAt: this.clock.now() + expiresIn * 1000,
        predecessor:
          this.model === 'RefreshToken' ? (RotatedRefreshToken ?? AuthorizationCode)?.jti : undefined,
      });
      if (!isStored) throw new errors.InvalidGrant('the token that is exchanged was revoked');
    } catch (error) {
      if (isForeignKeyViolation(error)) throw new errors.InvalidGrant('grant not found');
      throw error;
    }
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const found = await this.tokens.find(this.model, id);
    if (!found) return undefined;
    const payload = JSON.parse(found.payload) as AdapterPayload;
    // The token endpoint calls `consume` for a token that is not told as spent, and so leaves its reuse to us.
    const isTold = found.isSpent && Provider.ctx?.oidc.route !== 'token';
    return { ...payload, jti: id, ...(isTold && { consumed: true }) };
  }

  /** Uses a token up. One that was used before ends all tokens of its grant. @throws InvalidGrant for such a one */
  override async consume(id: string): Promise<void> {
    if (await this.tokens.consume(this.model, id)) return;
    const reused = await this.tokens.find(this.model, id);
    if (reused) {
      // The store first: where it fails, the token is still there, and its next use ends the others.
      await this.endAccess(reused.grantId);
      await this.tokens.endReused(this.model, id);
    }
    throw new errors.InvalidGrant('already consumed');
  }

  override async destroy(id: string): Promise<void> {
    await this.tokens.delete(id);
  }

  /** A logout in one browser ends none: refresh tokens are for the time when nobody is logged in, on any device. */
  override async revokeByGrantId(grantId: string): Promise<void> {
    if (Provider.ctx?.oidc.route === 'end_session_confirm') return;
    await this.tokens.deleteOfGrant(this.model, grantId, revokedFamily());
  }
}
