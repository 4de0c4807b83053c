import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Attempts } from '../../attempt/attempts.js';
import { withError } from '../../attempt/return-urls.js';
import { channelOf } from '../../channel/channels.js';
import type { ErrorCode } from '../../common/error-catalogue.js';
import { ProblemFilter } from '../../http/problem.filter.js';
import { RepeatedCallback, type CallbackState, FramedCallback } from './callback.guard.js';
import { CallbackReply, isFramed } from './callback-reply.js';
import { ErrorPageFilter } from '../../pages/error-page.filter.js';
import { InWeChatFlow } from '../in-wechat/in-wechat-flow.js';
import { type LoginState, LoginStates } from './login-states.js';

/** Answers a callback that failed: returnTo with `error`, or an error page where the state names no login. */
@Catch()
@Injectable()
export class CallbackFilter implements ExceptionFilter {
  constructor(
    private readonly problems: ProblemFilter,
    private readonly page: ErrorPageFilter,
    private readonly states: LoginStates,
    private readonly attempts: Attempts,
    private readonly inWeChat: InWeChatFlow,
    private readonly callbackReply: CallbackReply,
  ) {}

  async catch(exception: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<FastifyRequest & CallbackState>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { callbackLogin: login, callbackFirst } = request;
    if (!login) {
      await this.page.catch(exception, host);
    } else if (exception instanceof FramedCallback) {
      await this.callbackReply.toTop(reply, login);
    } else if (exception instanceof RepeatedCallback) {
      await this.callbackReply.send(request, reply, login, exception.location, true);
    } else {
      const { code } = await this.problems.toAppError(exception, request);
      const isFirst = callbackFirst !== undefined;
      const location = await this.locationOf(code, login, isFirst, request);
      // While the store is unavailable only repeats of this callback fail.
      if (callbackFirst) await this.states.finish(callbackFirst.state, location).catch(() => undefined);
      await this.callbackReply.send(request, reply, login, location, isFirst);
    }
  }

  /** Visitors of a snapshot page get the login page with advice; everybody else returns with the error. */
  private async locationOf(
    code: ErrorCode,
    login: LoginState,
    isFirst: boolean,
    request: FastifyRequest,
  ): Promise<string> {
    const plain = withError(login.returnTo, code, request.id);
    if (!isFirst) return plain;
    if (code === 'WECHAT_SNAPSHOT_USER' && channelOf(login.channel).callback?.asksBy) {
      return this.inWeChat.askForConsent(login, code).catch(() => plain);
    }
    // The attempt of a frame gets its result when the page in the frame was shown.
    if (login.attempt !== null && !isFramed(request)) {
      const outcome = code === 'LOGIN_DENIED' ? 'denied' : 'expired';
      await this.attempts.finish(login.attempt, outcome).catch(() => undefined);
    }
    return plain;
  }
}
