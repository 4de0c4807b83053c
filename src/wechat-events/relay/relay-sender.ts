import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { backgroundNames } from '../../outgoing/host-names.js';
import { codeOf, type HttpAnswer, HttpClient } from '../../outgoing/http-client.js';
import type { PushAnswer } from '../push-answer.js';
import type { PushRequest } from '../push-request.js';
import type { RelayReceiver } from './relay-receiver.js';
import { relaySignature } from './relay-signature.js';

const CONNECT_MS = 3_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** RFC 9110 section 15: beyond it is no status, and could not be handed back. */
const MAX_STATUS = 599;
/** Requests to one receiver at once. A receiver that hangs holds each of them for seconds. */
const MOST_AT_ONCE = 100;

/** What a receiver gets: the bytes of WeChat's request. */
export type RawPush = Pick<PushRequest, 'rawQuery' | 'contentType' | 'body'>;

/** What a receiver answered, to be handed back as it is. */
export interface ReceiverAnswer extends PushAnswer {
  readonly contentEncoding: string | null;
}

/** Result of one request. `none`: no complete answer; the status is known where its head came. */
export type Sent =
  | { readonly kind: 'answer'; readonly answer: ReceiverAnswer }
  | { readonly kind: 'none'; readonly reason: string; readonly status: number | null };

/** The `webhook-id` of a push: the same for every try and every receiver. @param pushKey a fingerprint */
export function relayedPushId(pushKey: string): string {
  return `push_${pushKey}`;
}

/** Passes pushes on to their receivers, unchanged (wechat-api-2.md section 15.7). */
@Injectable()
export class RelaySender implements OnApplicationShutdown {
  private readonly client = new HttpClient({
    lookup: backgroundNames.lookup,
    connectMs: CONNECT_MS,
    maxBytes: MAX_ANSWER_BYTES,
  });
  private readonly secrets: readonly string[];
  private readonly inFlight = new Map<string, number>();

  constructor(
    config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.secrets = config.wechat.pushForward.secrets;
  }

  /**
   * Sends a push once. Redirects are not followed. Never rejects.
   * @param id from `relayedPushId`
   * @param signal the deadline, for the last byte of the answer too
   */
  async send(receiver: RelayReceiver, id: string, push: RawPush, signal: AbortSignal): Promise<Sent> {
    const busy = this.inFlight.get(receiver.key) ?? 0;
    if (busy >= MOST_AT_ONCE) return { kind: 'none', reason: 'too many requests under way', status: null };
    this.inFlight.set(receiver.key, busy + 1);
    try {
      return await this.request(receiver, id, push, signal);
    } finally {
      this.inFlight.set(receiver.key, (this.inFlight.get(receiver.key) ?? 1) - 1);
    }
  }

  /** Ends the requests that are still under way. */
  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }

  private async request(
    receiver: RelayReceiver,
    id: string,
    push: RawPush,
    signal: AbortSignal,
  ): Promise<Sent> {
    let status: number | null = null;
    try {
      const url = new URL(receiver.url);
      const reply = await this.client.send({
        url,
        target: targetOf(url, push.rawQuery),
        method: 'POST',
        headers: this.headers(receiver, id, push),
        body: push.body,
        signal,
      });
      status = reply.statusCode;
      const answer = await read(reply);
      if (status > MAX_STATUS) return { kind: 'none', reason: `status ${status}`, status };
      return { kind: 'answer', answer };
    } catch (error) {
      const reason = signal.aborted ? 'no answer in time' : (codeOf(error) ?? 'unknown');
      return { kind: 'none', reason, status };
    }
  }

  private headers(receiver: RelayReceiver, id: string, push: RawPush): Record<string, string> {
    const timestamp = Math.floor(this.clock.now() / 1_000);
    const signatures = this.secrets.map((secret) => relaySignature(secret, id, timestamp, push.body));
    return {
      'user-agent': 'wechat-auth',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      ...(signatures.length === 0 ? {} : { 'webhook-signature': signatures.join(' ') }),
      ...(push.contentType === null ? {} : { 'content-type': push.contentType }),
      ...(receiver.authorization === null ? {} : { authorization: receiver.authorization }),
    };
  }
}

/** `URL` would encode WeChat's query anew, and receivers take the inputs of the signature from it. */
function targetOf({ pathname, search }: URL, rawQuery: string): string {
  if (rawQuery === '') return `${pathname}${search}`;
  return `${pathname}${search.length > 1 ? `${search}&` : '?'}${rawQuery}`;
}

async function read({ statusCode, headers, body }: HttpAnswer): Promise<ReceiverAnswer> {
  return {
    status: statusCode,
    contentType: single(headers['content-type']),
    contentEncoding: single(headers['content-encoding']),
    body: Buffer.from(await body.arrayBuffer()),
  };
}

function single(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
