import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Landing } from '../../attempt/attempt.js';
import { FramedLandings } from '../../attempt/framed-landings.js';
import { AppConfig } from '../../config/app-config.js';
import type { LoginState } from './login-states.js';
import { FramePage } from '../pages/frame-page.js';

/** Whether the browser shows the answer in a frame of another page (Fetch Metadata; WebKit has it since 16.4). */
export function isFramed(request: FastifyRequest): boolean {
  const destination = request.headers['sec-fetch-dest'];
  return destination === 'iframe' || destination === 'frame';
}

/**
 * Sends a browser on after a callback: by a redirect; in a frame by a page that tells the page around it, and no other
 * origin, where to go on.
 */
@Injectable()
export class CallbackReply {
  private readonly page: FramePage;

  constructor(
    private readonly framed: FramedLandings,
    config: AppConfig,
  ) {
    this.page = new FramePage(config.brand.name);
  }

  /**
   * @param location returnTo with an answer of ours, or the login page
   * @param isOutcome whether this is how the login ended; `false` for a request that was refused beside it
   */
  async land(
    request: FastifyRequest,
    reply: FastifyReply,
    login: LoginState,
    location: string,
    isOutcome: boolean,
  ): Promise<void> {
    if (!isFramed(request)) {
      await reply.redirect(location, 302);
      return;
    }
    const { searchParams } = new URL(location);
    const answer = ['loginCode', 'linked', 'error'].find((name) => searchParams.has(name)) ?? 'error';
    const landing = landingOf(searchParams);
    const requestId = searchParams.get('request_id');
    // Without a report the page around still gets its message.
    const report =
      isOutcome && login.attempt !== null && landing !== null
        ? await this.framed.keep(login.attempt, landing).catch(() => null)
        : null;
    await this.page.sendResult(
      reply,
      {
        location,
        targetOrigin: new URL(login.returnTo).origin,
        message: {
          type: 'wechat-auth:login',
          attempt: login.attempt,
          [answer]: searchParams.get(answer) ?? 'STATE_INVALID',
          ...(requestId === null ? {} : { request_id: requestId }),
        },
        report,
      },
      request.headers['accept-language'],
    );
  }

  /**
   * The login is bound to a cookie, which browsers keep from a frame that another site's page has sent here: the
   * whole window comes here instead.
   */
  async toTop(request: FastifyRequest, reply: FastifyReply, login: LoginState): Promise<void> {
    await this.page.sendRelay(
      reply,
      { parentOrigin: new URL(login.returnTo).origin },
      request.headers['accept-language'],
    );
  }
}

/** What the attempt will be told; `null` where the address holds no answer that an attempt waits for. */
function landingOf(answers: URLSearchParams): Landing | null {
  const loginCode = answers.get('loginCode');
  if (loginCode !== null) return { loginCode };
  const error = answers.get('error');
  if (error === null) return null;
  return error === 'LOGIN_DENIED' ? 'denied' : 'expired';
}
