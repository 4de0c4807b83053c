import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { WeChatApp } from '../config/app-config.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { AppAccessTokens } from './app-access-tokens.js';
import type { Deadline } from './deadline.js';
import { SpentCodes } from './spent-codes.js';
import { WeChatError } from './wechat-error.js';
import { type Picture, type Reply, type WeChatCall, WeChatHttp } from './wechat-http.js';

/** The token is dead: replaced by another fetch, malformed, expired. */
const DEAD_TOKEN: ReadonlySet<number | null> = new Set([40001, 40014, 42001]);
/** Quotas of the app's endpoint: by the minute, by the day. */
const QUOTA_ENDS = new Map<number | null, (now: number) => number>([
  [45011, (now) => now + 60_000],
  [45009, nextMidnightInChina],
]);

/** The call with a token of the app. */
type CallWith = (token: string) => WeChatCall;

/** Calls in the name of an app, under its access token. */
@Injectable()
export class AppCalls {
  constructor(
    private readonly tokens: AppAccessTokens,
    private readonly http: WeChatHttp,
    private readonly spentCodes: SpentCodes,
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Calls with the app's token; a dead token is renewed and the call repeated, once. An endpoint whose quota is used
   * up is not called again before the quota ends, by any instance.
   * @throws WeChatError
   */
  call(app: WeChatApp, callWith: CallWith, deadline: Deadline): Promise<Reply> {
    return this.send(app, callWith, deadline, (call) => this.http.call(call, deadline));
  }

  /**
   * The same with a code that works once. It is marked for the call alone: where no token of the app can be had, the
   * code was not sent, and may come again.
   * @throws WeChatError, AppError WECHAT_CODE_USED
   */
  callOnce(app: WeChatApp, code: string, callWith: CallWith, deadline: Deadline): Promise<Reply> {
    return this.send(app, callWith, deadline, (call) =>
      this.spentCodes.once(app.appId, code, () => this.http.call(call, deadline)),
    );
  }

  /** The same for an endpoint that answers with a picture. @throws WeChatError */
  picture(app: WeChatApp, callWith: CallWith, deadline: Deadline): Promise<Picture> {
    return this.send(app, callWith, deadline, (call) => this.http.picture(call, deadline));
  }

  private async send<T>(
    app: WeChatApp,
    callWith: CallWith,
    deadline: Deadline,
    send: (call: WeChatCall) => Promise<T>,
  ): Promise<T> {
    const { token } = await this.tokens.get(app, deadline);
    const call = callWith(token);
    await this.refuseStopped(call);
    try {
      return await send(call);
    } catch (error) {
      if (!(error instanceof WeChatError)) throw error;
      if (!DEAD_TOKEN.has(error.errcode)) throw await this.stopAtQuota(call, error);
    }
    const renewed = await this.tokens.renew(app, token, deadline);
    try {
      return await send(callWith(renewed.token));
    } catch (error) {
      throw error instanceof WeChatError ? await this.stopAtQuota(call, error) : error;
    }
  }

  private async refuseStopped(call: WeChatCall): Promise<void> {
    const until = Number((await this.store.get(stopKey(call))) ?? 0);
    const seconds = Math.ceil((until - this.clock.now()) / 1000);
    if (seconds > 0) {
      throw new WeChatError('WECHAT_RATE_LIMITED', {
        detail: `The quota of ${call.path} is used up.`,
        retryAfter: seconds,
      });
    }
  }

  private async stopAtQuota(call: WeChatCall, error: WeChatError): Promise<WeChatError> {
    const endOf = QUOTA_ENDS.get(call.quotaByMinute && error.errcode === 45009 ? 45011 : error.errcode);
    if (!endOf) return error;
    const now = this.clock.now();
    const until = endOf(now);
    await this.store.set(stopKey(call), String(until), until - now);
    return new WeChatError('WECHAT_RATE_LIMITED', {
      detail: error.detail,
      errcode: error.errcode ?? 0,
      retryAfter: Math.ceil((until - now) / 1000),
    });
  }
}

function stopKey({ appId, path }: WeChatCall): string {
  return `quota-stop:${appId}:${path}`;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** China has one time zone and no summer time. */
const CHINA_AHEAD_MS = 8 * 60 * 60 * 1000;

/** Daily quotas start anew at midnight in China. */
function nextMidnightInChina(now: number): number {
  return (Math.floor((now + CHINA_AHEAD_MS) / DAY_MS) + 1) * DAY_MS - CHINA_AHEAD_MS;
}
