import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { InteractionResults } from 'oidc-provider';
import { AppError } from '../../common/app-error.js';
import { errors, type Provider } from '../openid/library.js';
import { OpenIdProvider } from '../openid/openid-provider.js';

/** A login for a partner app that waits for its person, in the browser that began it. */
export interface Interaction {
  readonly details: InstanceType<Provider['Interaction']>;
  readonly provider: Provider;
  /** Stores what the step gave. @returns the URL where the login goes on */
  finish(result: InteractionResults): Promise<string>;
}

/** Finds the interaction of a request. */
@Injectable()
export class Interactions {
  constructor(private readonly openId: OpenIdProvider) {}

  /**
   * The interaction of this browser.
   * @param uid of the URL; that of the cookie must be the same
   * @throws AppError AUTHORIZATION_EXPIRED if there is none, or it is another browser's
   */
  async find(uid: string, request: FastifyRequest): Promise<Interaction> {
    const { provider } = await this.openId.current();
    const [incoming, collected] = this.openId.present(request);
    const details = await provider.interactionDetails(incoming, collected).catch((error: unknown) => {
      if (error instanceof errors.SessionNotFound) throw new AppError('AUTHORIZATION_EXPIRED');
      throw error;
    });
    if (details.uid !== uid) throw new AppError('AUTHORIZATION_EXPIRED');
    return {
      details,
      provider,
      finish: (result) => provider.interactionResult(incoming, collected, result),
    };
  }
}
