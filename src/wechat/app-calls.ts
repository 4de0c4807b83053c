import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { WeChatApp } from '../config/app-config.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { AppAccessTokens } from './app-access-tokens.js';
import type { Deadline } from './deadline.js';
import { SpentCodes } from './spent-codes.js';
import { WeChatError } from './wechat-error.js';
import { type Picture, type Reply, type WeChatCall, WeChatHttp } from './wechat-http.js';

/** The access token is invalid: replaced by another fetch, malformed, or expired. */
const INVALID_TOKEN: ReadonlySet<number | null> = new Set([40001, 40014, 42001]);
/** When the quota of an endpoint is reset, by errcode: per minute, per day. */
const QUOTA_RESETS = new Map<number | null, (now: number) => number>([
  [45011, (now) => now + 60_000],
  [45009, nextMidnightInChina],
]);

/** Builds the call for an access token. */
type BuildCall = (token: string) => WeChatCall;

/** Calls server APIs with the access token of an app. */
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
   * Calls an API. If the token is invalid, it is renewed and the call is repeated once. After a used-up quota
   * no instance calls the endpoint again until the quota is reset.
   * @throws WeChatError
   */
  call(app: WeChatApp, buildCall: BuildCall, deadline: Deadline): Promise<Reply> {
    return this.send(app, buildCall, deadline, (call) => this.http.call(call, deadline));
  }

  /**
   * The same for a one-time code. The code is marked only around the call itself: if no access token is
   * available, the code was not sent and may be used again.
   * @throws WeChatError, AppError WECHAT_CODE_USED
   */
  callOnce(app: WeChatApp, code: string, buildCall: BuildCall, deadline: Deadline): Promise<Reply> {
    return this.send(app, buildCall, deadline, (call) =>
      this.spentCodes.once(app.appId, code, () => this.http.call(call, deadline)),
    );
  }

  /** The same for an endpoint that returns a picture. @throws WeChatError */
  picture(app: WeChatApp, buildCall: BuildCall, deadline: Deadline): Promise<Picture> {
    return this.send(app, buildCall, deadline, (call) => this.http.picture(call, deadline));
  }

  private async send<T>(
    app: WeChatApp,
    buildCall: BuildCall,
    deadline: Deadline,
    send: (call: WeChatCall) => Promise<T>,
  ): Promise<T> {
    const { token } = await this.tokens.get(app, deadline);
    const call = buildCall(token);
    await this.requireQuota(call);
    try {
      return await send(call);
    } catch (error) {
      if (!(error instanceof WeChatError)) throw error;
      if (!INVALID_TOKEN.has(error.errcode)) throw await this.blockUntilReset(call, error);
    }
    const renewed = await this.tokens.renew(app, token, deadline);
    try {
      return await send(buildCall(renewed.token));
    } catch (error) {
      throw error instanceof WeChatError ? await this.blockUntilReset(call, error) : error;
    }
  }

  private async requireQuota(call: WeChatCall): Promise<void> {
    const until = Number((await this.store.get(quotaKey(call))) ?? 0);
    const seconds = Math.ceil((until - this.clock.now()) / 1000);
    if (seconds > 0) {
      throw new WeChatError('WECHAT_RATE_LIMITED', {
        detail: `The quota of ${call.path} is used up.`,
        retryAfter: seconds,
      });
    }
  }

  private async blockUntilReset(call: WeChatCall, error: WeChatError): Promise<WeChatError> {
    const endOf = QUOTA_RESETS.get(call.quotaByMinute && error.errcode === 45009 ? 45011 : error.errcode);
    if (!endOf) return error;
    const now = this.clock.now();
    const until = endOf(now);
    await this.store.set(quotaKey(call), String(until), until - now);
    return new WeChatError('WECHAT_RATE_LIMITED', {
      detail: error.detail,
      errcode: error.errcode ?? 0,
      retryAfter: Math.ceil((until - now) / 1000),
    });
  }
}

function quotaKey({ appId, path }: WeChatCall): string {
  return `quota-stop:${appId}:${path}`;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** China has one time zone and no daylight saving time. */
const CHINA_UTC_OFFSET_MS = 8 * 60 * 60 * 1000;

/** Daily quotas are reset at midnight in China. */
function nextMidnightInChina(now: number): number {
  return (Math.floor((now + CHINA_UTC_OFFSET_MS) / DAY_MS) + 1) * DAY_MS - CHINA_UTC_OFFSET_MS;
}
