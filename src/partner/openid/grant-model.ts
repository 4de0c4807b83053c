import type { AdapterPayload } from 'oidc-provider';
import { AppError } from '../../common/app-error.js';
import type { EventLog } from '../../events/event-log.js';
import type { Grants } from '../grants/grants.js';
import { ModelAdapter } from './model-adapter.js';

/**
 * What people granted. The provider asks for the grant at each use of a token, so that a consent that was withdrawn, an
 * account that was disabled or deleted, and a partner that was deleted end access at once.
 */
export class GrantAdapter extends ModelAdapter {
  constructor(
    private readonly grants: Grants,
    private readonly events: EventLog,
  ) {
    super();
  }

  /** Stores a consent with its event. @throws AppError AUTHORIZATION_EXPIRED if the partner or the person was deleted meanwhile */
  override async upsert(id: string, payload: AdapterPayload): Promise<void> {
    const { clientId: partnerId = '', accountId: userId = '' } = payload;
    const scopes = scopesOf(payload);
    const event = this.events.entry({
      type: 'partner.consent_granted',
      userId,
      actor: 'user',
      details: { partnerId, scopes },
    });
    try {
      await this.grants.save({ id, partnerId, userId, scopes, payload: { ...payload } }, [event]);
    } catch (error) {
      if (error instanceof AppError && GONE.includes(error.code)) throw new AppError('AUTHORIZATION_EXPIRED');
      throw error;
    }
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const grant = await this.grants.find(id);
    if (!grant) return undefined;
    // What the operator took back from the partner ends with the next use of a token.
    return { ...grant.payload, openid: { ...openIdOf(grant.payload), scope: grant.allowedScopes.join(' ') } };
  }
}

const GONE: readonly string[] = ['NOT_FOUND', 'SESSION_ENDED'];

function scopesOf(payload: object): string[] {
  return openIdOf(payload).scope?.split(' ') ?? [];
}

function openIdOf(payload: object): { readonly scope?: string } {
  return (payload as { openid?: { scope?: string } }).openid ?? {};
}
