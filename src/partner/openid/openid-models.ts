import { Injectable } from '@nestjs/common';
import type { Adapter } from 'oidc-provider';
import { Clock } from '../../common/clock.js';
import { KeyRing } from '../../crypto/key-ring.js';
import { EphemeralStore } from '../../ephemeral/ephemeral-store.js';
import { EventLog } from '../../events/event-log.js';
import { Grants } from '../grants/grants.js';
import { PartnerRegistry } from '../registry/partner-registry.js';
import { PartnerTokens } from '../tokens/partner-tokens.js';
import { ClientAdapter } from './client-model.js';
import { type EphemeralModel, EphemeralModelAdapter } from './ephemeral-model.js';
import { GrantAdapter } from './grant-model.js';
import { StoredModelAdapter } from './stored-model.js';

/** Life of a partner's access token: as that of the first party by default (s). */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

/** Where each model of oidc-provider is stored. */
@Injectable()
export class OpenIdModels {
  constructor(
    private readonly registry: PartnerRegistry,
    private readonly grants: Grants,
    private readonly tokens: PartnerTokens,
    private readonly store: EphemeralStore,
    private readonly keyRing: KeyRing,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /** @throws Error for a model of a feature that is off */
  adapter(model: string): Adapter {
    switch (model) {
      case 'Client':
        return new ClientAdapter(this.registry);
      case 'Grant':
        return new GrantAdapter(this.grants, this.events);
      case 'AuthorizationCode':
      case 'RefreshToken':
        return new StoredModelAdapter(
          model,
          this.tokens,
          (grantId) => this.ephemeral('AccessToken').revokeByGrantId(grantId),
          this.clock,
        );
      case 'Session':
      case 'Interaction':
      case 'AccessToken':
      case 'PushedAuthorizationRequest':
      case 'ReplayDetection':
        return this.ephemeral(model);
      default:
        throw new Error(`the model ${model} is not stored`);
    }
  }

  private ephemeral(model: EphemeralModel): EphemeralModelAdapter {
    return new EphemeralModelAdapter(model, {
      store: this.store,
      keyRing: this.keyRing,
      clock: this.clock,
      accessTokenMs: ACCESS_TOKEN_SECONDS * 1000,
    });
  }
}
