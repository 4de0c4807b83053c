import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LoginResult } from '../../attempt/attempt.js';
import { FramedResults } from '../../attempt/framed-results.js';
import { AppConfig } from '../../config/app-config.js';
import type { LoginState } from './login-states.js';
import { FramePage } from '../pages/frame-page.js';

/** Whether the browser asks for a frame of another page (Fetch Metadata; WebKit sends it since 16.4). */
export function isFramed(request: FastifyRequest): boolean {
  const destination = request.headers['sec-fetch-dest'];
  return destination === 'iframe' || destination === 'frame';
}

/**
 * Answers a callback: with a redirect, or in a frame with a page that posts the result to its parent's origin alone.
 */
@Injectable()
export class CallbackReply {
  private readonly page: FramePage;

  constructor(
    private readonly framed: FramedResults,
    config: AppConfig,
  ) {
    this.page = new FramePage(config);
  }

  /**
   * @param location returnTo with an answer of ours, or the login page
   * @param isOutcome whether the login ended with this answer; `false` for a request that was refused while it goes on
   */
  async send(
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
    const result = resultOf(searchParams);
    const requestId = searchParams.get('request_id');
    // Without a report the parent page still gets its message.
    const report =
      isOutcome && login.attempt !== null && result !== null
        ? await this.framed.keep(login.attempt, result).catch(() => null)
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
      login.uiLocales,
    );
  }

  /**
   * Moves the callback to the whole window. The login is bound to a cookie, which browsers do not send from a frame of
   * another site.
   */
  async toTop(reply: FastifyReply, login: LoginState): Promise<void> {
    await this.page.sendRelay(reply, { parentOrigin: new URL(login.returnTo).origin }, login.uiLocales);
  }
}

/** The result for the attempt; `null` where the address has none that ends an attempt. */
function resultOf(answers: URLSearchParams): LoginResult | null {
  const loginCode = answers.get('loginCode');
  if (loginCode !== null) return { loginCode };
  const error = answers.get('error');
  if (error === null) return null;
  return error === 'LOGIN_DENIED' ? 'denied' : 'expired';
}
