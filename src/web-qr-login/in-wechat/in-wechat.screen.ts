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

  async show({ id, appId, returnTo, binding, hostedBrowser }: NewAttempt): Promise<AttemptDisplay> {
    const login = { appId, returnTo, binding, hostedBrowser, attempt: id };
    return { authorizeUrl: await this.flow.askSilently(login) };
  }
}
