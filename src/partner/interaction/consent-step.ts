import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostedLogins } from '../../attempt/hosted-logins.js';
import { AppError } from '../../common/app-error.js';
import { AppConfig } from '../../config/app-config.js';
import { KeyRing } from '../../crypto/key-ring.js';
import { type AskedConsent, Consents } from '../openid/consents.js';
import { ConsentPage } from '../pages/consent-page.js';
import { isImitable } from '../registry/client-uris.js';
import type { Partner } from '../registry/partner.js';
import { PartnerRegistry } from '../registry/partner-registry.js';
import type { DecisionRequest } from './interaction.requests.js';
import type { Interaction } from './interactions.js';

/** Label of the MAC in the form: who posts it has read the page in this browser. */
const FORM = 'partner-consent';

/** The person of a login for a partner app consents. */
@Injectable()
export class ConsentStep {
  constructor(
    private readonly registry: PartnerRegistry,
    private readonly consents: Consents,
    private readonly page: ConsentPage,
    private readonly hostedLogins: HostedLogins,
    private readonly keyRing: KeyRing,
    private readonly config: AppConfig,
  ) {}

  /**
   * Where a login goes on that shows no page: nobody is asked after the person has logged out, nor for an operator's own
   * app that no other program can pose as. `null` for all others.
   */
  async withoutAsking(interaction: Interaction, request: FastifyRequest): Promise<string | null> {
    if (!(await this.isStillKnown(interaction, request))) return this.anew(interaction);
    const partner = await this.partnerOf(interaction);
    const redirectUri = String(interaction.details.params.redirect_uri);
    const isSkipped = partner.firstParty && !isImitable(partner.authMethod, redirectUri);
    return isSkipped ? this.grant(interaction, true) : null;
  }

  /** Shows the consent page. */
  async ask(interaction: Interaction, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { uid, params } = interaction.details;
    const { userId } = asked(interaction);
    await this.page.send(request, reply, {
      partner: await this.partnerOf(interaction),
      userId,
      scopes: String(params.scope).split(' '),
      redirectUri: String(params.redirect_uri),
      action: `${this.config.publicUrl}/oidc/interaction/${uid}`,
      token: this.keyRing.mac(FORM, formOf(interaction)),
      uiLocales: typeof params.ui_locales === 'string' ? params.ui_locales : undefined,
    });
  }

  /**
   * Takes the decision of the person.
   * @returns where the browser goes next
   * @throws AppError FORBIDDEN for a form that is not of the page
   */
  async decide(
    interaction: Interaction,
    { decision, token }: DecisionRequest,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<string> {
    if (!this.keyRing.verifyMac(FORM, formOf(interaction), token)) {
      throw new AppError('FORBIDDEN', { detail: 'The form does not come from the consent page.' });
    }
    switch (decision) {
      case 'deny':
        return interaction.finish({
          error: 'access_denied',
          error_description: 'the person did not consent',
        });
      case 'another':
        await this.hostedLogins.end(request, reply);
        return this.anew(interaction);
      case 'allow':
        return (await this.isStillKnown(interaction, request))
          ? this.grant(interaction)
          : this.anew(interaction);
    }
  }

  /** A person who has logged out since grants nothing. */
  private async isStillKnown(interaction: Interaction, request: FastifyRequest): Promise<boolean> {
    if (this.config.ttl.sso === 0) return true;
    const hosted = await this.hostedLogins.current(request);
    return hosted?.user.id === asked(interaction).userId;
  }

  private async grant(interaction: Interaction, isUnasked = false): Promise<string> {
    const grant = await this.consents.grant(interaction.provider, { ...asked(interaction), isUnasked });
    return interaction.finish({ consent: { grantId: grant.jti } });
  }

  /** The same request once more, with a new login. */
  private anew({ details: { params } }: Interaction): string {
    const given = Object.entries(params).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    // Without `consent` the request would lose offline_access (OpenID Connect Core 11).
    const isToConsent = String(params.prompt).split(' ').includes('consent');
    const prompt = isToConsent ? 'login consent' : 'login';
    const query = new URLSearchParams({ ...Object.fromEntries(given), prompt });
    return `${this.config.publicUrl}/oidc/auth?${query.toString()}`;
  }

  /** @throws AppError AUTHORIZATION_EXPIRED if the partner was deleted meanwhile */
  private async partnerOf({ details: { params } }: Interaction): Promise<Partner> {
    const partner = await this.registry.find(String(params.client_id));
    if (!partner) throw new AppError('AUTHORIZATION_EXPIRED');
    return partner;
  }
}

/** @throws AppError AUTHORIZATION_EXPIRED for an interaction without a login */
function asked({ details: { session, params, grantId, prompt } }: Interaction): AskedConsent {
  if (session === undefined) throw new AppError('AUTHORIZATION_EXPIRED');
  const missing: unknown = prompt.details.missingOIDCScope;
  return {
    partnerId: String(params.client_id),
    userId: session.accountId,
    grantId,
    scopes: Array.isArray(missing) ? missing.map(String) : [],
  };
}

/** What the MAC is about: this interaction of this person. */
function formOf(interaction: Interaction): string {
  return `${interaction.details.uid}:${asked(interaction).userId}`;
}
