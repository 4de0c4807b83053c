import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostedLogins } from '../../attempt/hosted-logins.js';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { HostedPerson } from '../hosted-person.js';
import type { InteractionRequest } from './interaction.requests.js';
import type { Interaction } from './interactions.js';

/** Reasons for which somebody who is known in this browser need not log in again. */
const KNOWN_IS_ENOUGH = ['no_session', 'max_age'];

/** The person of a login for a partner app logs in on the hosted login page, or is known there already. */
@Injectable()
export class LoginStep {
  constructor(
    private readonly hostedLogins: HostedLogins,
    private readonly person: HostedPerson,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Where the browser goes next: on with the login, or to the hosted login page.
   * @throws AppError ACCOUNT_DISABLED, SESSION_ENDED
   */
  async next(
    interaction: Interaction,
    { loginCode, error, request_id: requestId }: InteractionRequest,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<string> {
    if (error === 'LOGIN_DENIED') {
      return interaction.finish({
        error: 'access_denied',
        error_description: 'the person cancelled the login',
      });
    }
    const login =
      (loginCode === undefined ? null : await this.person.arrive(loginCode, request, reply)) ??
      (await this.known(interaction, request));
    if (login === null) return this.loginPage(interaction, error, requestId);
    const { userId: accountId, loginAt } = login;
    return interaction.finish({ login: { accountId, ts: Math.floor(loginAt / 1000), amr: ['wechat'] } });
  }

  private async known(
    { details: { prompt, params } }: Interaction,
    request: FastifyRequest,
  ): Promise<{ userId: string; loginAt: number } | null> {
    if (!prompt.reasons.every((reason) => KNOWN_IS_ENOUGH.includes(reason))) return null;
    const hosted = await this.hostedLogins.current(request);
    if (hosted === null) return null;
    const age = (this.clock.now() - hosted.loginAt) / 1000;
    if (params.max_age !== undefined && age > Number(params.max_age)) return null;
    return { userId: hosted.user.id, loginAt: hosted.loginAt };
  }

  /** The hosted login page, which comes back to the interaction. */
  private loginPage(
    { details: { uid, params } }: Interaction,
    error: string | undefined,
    requestId: string | undefined,
  ): string {
    const query = new URLSearchParams({
      returnTo: `${this.config.publicUrl}/oidc/interaction/${uid}`,
      // Who is known would not be sent here.
      prompt: 'login',
    });
    const { ui_locales: locales } = params;
    if (typeof locales === 'string') query.set('ui_locales', locales);
    if (error !== undefined) query.set('error', error);
    if (requestId !== undefined) query.set('request_id', requestId);
    return `${this.config.publicUrl}/login?${query.toString()}`;
  }
}
