import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import type { WeChatApp } from '../config/app-config.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { AppCalls } from './app-calls.js';
import { Deadline } from './deadline.js';
import { checkedReply } from './endpoints/reply-fields.js';
import { getTicket, TicketReply, type TicketType } from './endpoints/ticket.js';
import { type Credential, issuedCredential, SharedCredentials } from './shared-credentials.js';
import { WeChatError } from './wechat-error.js';

/** How long WeChat is not asked again after a failure (ms): for what ends by itself, and for the rest. */
const TRANSIENT_PAUSE_MS = 5_000;
const PAUSE_MS = 60_000;
const TRANSIENT: readonly ErrorCode[] = ['WECHAT_BUSY', 'WECHAT_UNAVAILABLE', 'WECHAT_BAD_REPLY'];

/** A failure, in the store. */
interface Failure {
  readonly code: ErrorCode;
  readonly detail: string;
  /** What operators have to do about it. */
  readonly operatorDetail: string;
  /** ms */
  readonly until: number;
}

/**
 * The tickets of apps, with which an app's server signs `wx.config` or cards: one of a type for all instances,
 * since the calls are few (wechat-api-2.md section 14.1).
 */
@Injectable()
export class Tickets {
  constructor(
    private readonly appCalls: AppCalls,
    private readonly shared: SharedCredentials,
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns a valid ticket.
   * @param app one that has an access token
   * @throws WeChatError of the fetch; AppError STORE_UNAVAILABLE
   */
  get(app: WeChatApp, type: TicketType): Promise<Credential> {
    const deadline = new Deadline();
    return this.shared.get(`ticket:${type}:${app.appId}`, deadline, () => this.fetch(app, type, deadline));
  }

  private async fetch(app: WeChatApp, type: TicketType, deadline: Deadline): Promise<Credential> {
    // Pages ask without a key: however many there are, a failure is answered without another call.
    const mark = `ticket-failed:${type}:${app.appId}`;
    await this.requireNoFailure(mark);
    const obtainedAt = this.clock.now();
    try {
      const call = (token: string) => getTicket(app.appId, token, type);
      const reply = checkedReply(TicketReply, await this.appCalls.call(app, call, deadline));
      return issuedCredential(reply.ticket, reply.expires_in, obtainedAt);
    } catch (error) {
      if (error instanceof WeChatError) await this.remember(mark, error);
      throw error;
    }
  }

  private async requireNoFailure(mark: string): Promise<void> {
    const stored = await this.store.get(mark);
    if (stored === null) return;
    const { code, until, ...details } = JSON.parse(stored) as Failure;
    const left = until - this.clock.now();
    if (left > 0) throw new WeChatError(code, { ...details, retryAfter: Math.ceil(left / 1000) });
  }

  private async remember(mark: string, { code, detail, operatorDetail }: WeChatError): Promise<void> {
    // AppCalls knows when a quota is reset.
    if (code === 'WECHAT_RATE_LIMITED') return;
    const pause = TRANSIENT.includes(code) ? TRANSIENT_PAUSE_MS : PAUSE_MS;
    const failure: Failure = { code, detail, operatorDetail, until: this.clock.now() + pause };
    await this.store.set(mark, JSON.stringify(failure), pause);
  }
}
