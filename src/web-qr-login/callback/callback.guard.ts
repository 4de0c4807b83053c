import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { channelOf } from '../../channel/channels.js';
import { noteInRequest } from '../../http/request-context.js';
import { SessionService } from '../../session/session.service.js';
import { BrowserCookie } from '../../attempt/browser-cookie.js';
import { isFramed } from './callback-reply.js';
import { type LoginState, LoginStates } from './login-states.js';

/** The login of a callback. The guard sets it on the request for the strategy, the handler and the filter. */
export interface CallbackState {
  /** Set as soon as the state names a login: from then on an error can go to returnTo. */
  callbackLogin?: LoginState;
  /** Set for the first callback of a state only; repeats wait for its answer. */
  callbackFirst?: { readonly state: string; readonly code: string };
  /** The user of the session that asked for a link. */
  callbackUserId?: string;
}

/** The callback repeats one that was answered: it gets the same redirect. */
export class RepeatedCallback extends Error {
  override readonly name = 'RepeatedCallback';

  constructor(readonly location: string) {
    super('the callback was answered before');
  }
}

/** The callback came in a frame, but this login must end in the whole window. */
export class FramedCallback extends Error {
  override readonly name = 'FramedCallback';

  constructor() {
    super('the callback has to come to the whole window');
  }
}

/** Admits only the first callback of a state, and only from the browser that began the login. */
@Injectable()
export class CallbackGuard implements CanActivate {
  constructor(
    private readonly states: LoginStates,
    private readonly cookie: BrowserCookie,
    private readonly sessions: SessionService,
  ) {}

  /** @throws AppError STATE_INVALID, LOGIN_DENIED, SESSION_ENDED for a link whose session is over; RepeatedCallback for a repeat, FramedCallback */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & CallbackState>();
    // Until the state is read.
    noteInRequest({ login: 'website' });
    const { state, code } = request.query as { state?: unknown; code?: unknown };
    const login = await this.states.find(state);
    if (!login) throw new AppError('STATE_INVALID');
    request.callbackLogin = login;
    const channel = channelOf(login.channel).label;
    const isLink = login.linkTo !== null;
    noteInRequest({
      login: isLink ? undefined : channel,
      asks: { channel, purpose: isLink ? 'link' : 'log-in' },
      appId: login.appId,
    });
    // Before the state is used: the whole window sends the same state and code again.
    if (isFramed(request) && !mayEndInFrame(login)) throw new FramedCallback();
    if (typeof state !== 'string' || (code !== undefined && typeof code !== 'string'))
      throw new AppError('STATE_INVALID');
    const given = code ?? '';
    const continuation = await this.states.continue(state, login, given, this.cookie.read(request));
    if (!continuation.first) throw new RepeatedCallback(continuation.location);
    request.callbackFirst = { state, code: given };
    // WeChat's old way to say that the person tapped cancel (wechat-api.md section 4.1).
    if (given === '') throw new AppError('LOGIN_DENIED');
    if (login.linkTo !== null) request.callbackUserId = (await this.sessions.verify(login.linkTo)).user.id;
    return true;
  }
}

/** A browser sends no cookie from a frame, and a login inside WeChat may go on with a page that no frame shows. */
function mayEndInFrame({ binding, channel }: LoginState): boolean {
  return 'codeChallenge' in binding && channelOf(channel).callback?.mayBeFramed === true;
}
