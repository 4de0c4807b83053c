import { HttpService } from '@nestjs/axios';
import { Injectable, Logger } from '@nestjs/common';
import { AxiosError, type AxiosResponse, isAxiosError } from 'axios';
import { isTooDeep } from '../http/json-depth.js';
import { Metrics, type WeChatAnswer } from '../common/metrics.js';
import { AppConfig } from '../config/app-config.js';
import type { Deadline } from './deadline.js';
import { NeverSent } from './undici-adapter.js';
import { errorOf, WeChatError } from './wechat-error.js';
import { parseJson, readText } from './wechat-text.js';

/** A JSON object that was not validated yet. */
export type Reply = Readonly<Record<string, unknown>>;

/** One call to api.weixin.qq.com: POST if it has a body, otherwise GET. */
export interface WeChatCall {
  /** Path without a leading slash, for example `sns/jscode2session`. */
  readonly path: string;
  readonly appId: string;
  /** Contains secrets. It must not appear in a log or an error. */
  readonly query: Readonly<Record<string, string>>;
  /** Sent as UTF-8 JSON. */
  readonly body?: Readonly<Record<string, string | boolean>>;
  /** For this endpoint errcode 45009 means the quota per minute, not per day. */
  readonly quotaByMinute?: true;
}

/** A picture as WeChat sent it. */
export interface Picture {
  readonly type: 'image/jpeg' | 'image/png';
  readonly bytes: Buffer;
}

const RETRY_DELAYS_MS = [100, 300];
/**
 * Maximum number of concurrent calls. Each holds a socket: if WeChat hangs, they must not use up the file
 * descriptors.
 */
const MAX_IN_FLIGHT = 1_000;

/**
 * HTTP client for WeChat (wechat-api.md section 0). A failure has status 200 and an errcode; success has
 * errcode 0 or none; text is UTF-8 whatever the header says. Connections are kept alive. Only errcode -1 is
 * retried, at most twice.
 */
@Injectable()
export class WeChatHttp {
  private readonly logger = new Logger(WeChatHttp.name);
  private readonly origin: string;
  /** Path of WECHAT_API_URL, with a slash at its end. */
  private readonly root: string;
  private inFlight = 0;

  constructor(
    private readonly http: HttpService,
    config: AppConfig,
    private readonly metrics: Metrics,
  ) {
    const { origin, pathname } = new URL(`${config.wechat.apiUrl}/`);
    this.origin = origin;
    this.root = pathname;
  }

  /** @throws WeChatError WECHAT_UNAVAILABLE, WECHAT_BAD_REPLY, or the meaning of the errcode */
  call(call: WeChatCall, deadline: Deadline): Promise<Reply> {
    return this.withRetries(call, deadline, parse);
  }

  /**
   * The same for an endpoint that returns a picture, or JSON if it fails.
   * @throws WeChatError
   */
  picture(call: WeChatCall, deadline: Deadline): Promise<Picture> {
    return this.withRetries(call, deadline, parsePicture);
  }

  private async withRetries<T>(call: WeChatCall, deadline: Deadline, read: ReadReply<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.once(call, deadline, read);
      } catch (error) {
        const delay = RETRY_DELAYS_MS[attempt];
        if (!(error instanceof WeChatError) || !error.retry || delay === undefined) throw error;
        if (!(await deadline.sleep(delay))) throw error;
      }
    }
  }

  private async once<T>(call: WeChatCall, deadline: Deadline, read: ReadReply<T>): Promise<T> {
    const startedAt = performance.now();
    let errcode: WeChatAnswer = 0;
    try {
      return read(await this.send(call, deadline), call.appId);
    } catch (error) {
      errcode = outcomeOf(error, deadline);
      throw error;
    } finally {
      const ms = Math.round(performance.now() - startedAt);
      this.metrics.wechatCall(call.path, errcode, ms / 1000);
      const line = { endpoint: call.path, appId: call.appId, errcode, ms };
      if (errcode === 0) this.logger.debug(line);
      else this.logger.warn(line);
    }
  }

  private async send(call: WeChatCall, deadline: Deadline): Promise<AxiosResponse<Buffer>> {
    // Another call may have used up the time. A code that was not sent is not spent.
    if (deadline.signal.aborted) throw timeoutError({ codeUnspent: true });
    if (this.inFlight >= MAX_IN_FLIGHT) {
      throw new WeChatError('WECHAT_UNAVAILABLE', {
        detail: 'Too many calls wait for WeChat.',
        codeUnspent: true,
      });
    }
    this.inFlight++;
    try {
      return await this.http.axiosRef.request<Buffer>({
        baseURL: this.origin,
        url: `${this.root}${call.path}?${new URLSearchParams(call.query).toString()}`,
        method: call.body ? 'POST' : 'GET',
        signal: deadline.signal,
        ...(call.body
          ? { data: JSON.stringify(call.body), headers: { 'Content-Type': 'application/json' } }
          : {}),
      });
    } catch (error) {
      throw transportError(error);
    } finally {
      this.inFlight--;
    }
  }
}

/** Classifies a failure for the log and the metrics. */
function outcomeOf(error: unknown, deadline: Deadline): WeChatAnswer {
  if (error instanceof WeChatError && error.errcode !== null) return error.errcode;
  if (error instanceof WeChatError && error.code === 'WECHAT_BAD_REPLY') return 'bad-reply';
  return deadline.signal.aborted ? 'timeout' : 'unreachable';
}

type ReadReply<T> = (response: AxiosResponse<Buffer>, appId: string) => T;

function parse(response: AxiosResponse<Buffer>, appId: string): Reply {
  if (response.status !== 200) {
    throw new WeChatError('WECHAT_UNAVAILABLE', {
      detail: `HTTP status ${response.status} in front of WeChat.`,
    });
  }
  const reply = jsonObject(readText(response.data));
  const errcode = reply.errcode ?? 0;
  if (typeof errcode !== 'number' || !Number.isInteger(errcode))
    throw badReply('The errcode is not a number.');
  if (errcode === 0) return reply;
  throw errorOf(errcode, typeof reply.errmsg === 'string' ? reply.errmsg : '', appId);
}

const JPEG = Buffer.from([0xff, 0xd8]);
const PNG = Buffer.from([0x89, 0x50]);

/**
 * Detects the type by the first bytes, because success and failure both have status 200 (wechat-api.md
 * section 1.5).
 */
function parsePicture(response: AxiosResponse<Buffer>, appId: string): Picture {
  const start = response.data.subarray(0, 2);
  if (response.status === 200 && start.equals(JPEG)) return { type: 'image/jpeg', bytes: response.data };
  if (response.status === 200 && start.equals(PNG)) return { type: 'image/png', bytes: response.data };
  parse(response, appId);
  throw badReply('The answer is not a picture.');
}

function jsonObject(text: string): Reply {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    // The parser's message quotes the text, which may contain a session_key.
    throw badReply('The answer is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badReply('The answer is not an object.');
  if (isTooDeep(value)) throw badReply('The answer is nested too deeply.');
  return value as Reply;
}

/** An unusable answer. @param detail says what is wrong, without repeating the answer */
export function badReply(detail: string): WeChatError {
  return new WeChatError('WECHAT_BAD_REPLY', { detail });
}

/** Drops axios's error: its configuration contains the secret and the code. */
function transportError(error: unknown): WeChatError {
  if (!isAxiosError(error)) throw error;
  if (error.code === AxiosError.ERR_BAD_RESPONSE) return badReply('The answer is too large or was cut off.');
  if (error.code === AxiosError.ERR_CANCELED || error.code === AxiosError.ECONNABORTED) return timeoutError();
  return new WeChatError('WECHAT_UNAVAILABLE', {
    detail: `No answer from WeChat (${error.code ?? 'connection failed'}).`,
    codeUnspent: error instanceof NeverSent,
  });
}

function timeoutError(options: { codeUnspent?: boolean } = {}): WeChatError {
  return new WeChatError('WECHAT_UNAVAILABLE', { detail: 'WeChat did not answer in time.', ...options });
}
