import { Injectable } from '@nestjs/common';
import {
  type AttemptDisplay,
  type AttemptScreen,
  type NewAttempt,
  ShowsAttempt,
} from '../../attempt/attempt-screen.js';
import { InWeChatFlow } from './in-wechat-flow.js';

/** Shows WeChat's silent page for attempts inside WeChat. */
@Injectable()
@ShowsAttempt('in-wechat')
export class InWeChatScreen implements AttemptScreen {
  constructor(private readonly flow: InWeChatFlow) {}

  async show(attempt: NewAttempt): Promise<AttemptDisplay> {
    const { id, appId, returnTo, binding, hostedBrowser, uiLocales } = attempt;
    const login = { appId, returnTo, binding, hostedBrowser, uiLocales, attempt: id };
    return { authorizeUrl: await this.flow.askSilently(login) };
  }
}
