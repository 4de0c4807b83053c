import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { validated } from '../../http/validation.js';
import { isScope, type Partner, type Scope } from '../registry/partner.js';
import { PartnerRegistry } from '../registry/partner-registry.js';
import { AskedAuthorizationRequest, PartnerAuthorizationRequest } from './partner-authorizations.requests.js';

/** The partner whose mini program opened ours, and what it asks for. */
export interface Asking {
  readonly partner: Partner;
  readonly scopes: readonly Scope[];
}

/** Checks who asks. */
@Injectable()
export class AskingPartner {
  constructor(private readonly registry: PartnerRegistry) {}

  /**
   * The partner, if the mini program is one of its own and it may ask for these scopes.
   * @throws AppError PARTNER_UNKNOWN, PARTNER_APP_FORBIDDEN, SCOPE_FORBIDDEN
   */
  async find({ clientId, partnerAppId, scope }: AskedAuthorizationRequest): Promise<Asking> {
    const partner = await this.registry.find(clientId);
    if (!partner) throw new AppError('PARTNER_UNKNOWN');
    if (!partner.miniProgramAppIds.includes(partnerAppId)) throw new AppError('PARTNER_APP_FORBIDDEN');
    const scopes = [...new Set(scope.split(' '))].filter(isScope);
    if (!scopes.includes('openid') || !scopes.every((each) => partner.scopes.includes(each))) {
      throw new AppError('SCOPE_FORBIDDEN');
    }
    return { partner, scopes };
  }
}

/** Refuses a partner that may not ask before the single-use code of the person is exchanged. */
@Injectable()
export class AskingPartnerGuard implements CanActivate {
  constructor(private readonly asking: AskingPartner) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { body } = context.switchToHttp().getRequest<FastifyRequest>();
    await this.asking.find(validated(PartnerAuthorizationRequest, body));
    return true;
  }
}
