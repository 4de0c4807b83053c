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

/** A JSON object as it came, not yet checked. */
export type Reply = Readonly<Record<string, unknown>>;

/** One call to api.weixin.qq.com: a POST where it has a body, else a GET. */
export interface WeChatCall {
  /** Path without a leading slash: `sns/jscode2session`. */
  readonly path: string;
  readonly appId: string;
  /** Holds secrets: never logged, never part of an error. */
  readonly query: Readonly<Record<string, string>>;
  /** Sent as UTF-8 JSON. */
  readonly body?: Readonly<Record<string, string | boolean>>;
  /** 45009 of this endpoint means the minute, not the day. */
  readonly quotaByMinute?: true;
}

/** A picture as it came. */
export interface Picture {
  readonly type: 'image/jpeg' | 'image/png';
  readonly bytes: Buffer;
}

const RETRY_DELAYS_MS = [100, 300];
/** Calls at once. Each has a socket: while WeChat is silent they must not take all that the process may open. */
const MAX_UNDER_WAY = 1_000;

/**
 * Speaks HTTP with WeChat (wechat-api.md section 0): failure is status 200 with an errcode, success has no errcode
 * or 0, text is UTF-8 whatever the header says. Connections are kept alive; only -1 is sent again, at most twice.
 */
@Injectable()
export class WeChatHttp {
  private readonly logger = new Logger(WeChatHttp.name);
  private underWay = 0;

  constructor(
    private readonly http: HttpService,
    private readonly config: AppConfig,
    private readonly metrics: Metrics,
  ) {}

  /**
   * @throws WeChatError WECHAT_UNAVAILABLE, WECHAT_BAD_REPLY, or what the errcode means
   */
  call(call: WeChatCall, deadline: Deadline): Promise<Reply> {
    return this.withRetries(call, deadline, parse);
  }

  /**
   * The same for an endpoint that answers with a picture, and with JSON where it fails.
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
      errcode = answerOf(error, deadline);
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
    // Another call may have taken all the time. What is not sent spends no code.
    if (deadline.signal.aborted) throw tooLate({ codeUnspent: true });
    if (this.underWay >= MAX_UNDER_WAY) {
      throw new WeChatError('WECHAT_UNAVAILABLE', {
        detail: 'Too many calls wait for WeChat.',
        codeUnspent: true,
      });
    }
    this.underWay++;
    try {
      return await this.http.axiosRef.request<Buffer>({
        url: `${this.config.wechat.apiUrl}/${call.path}`,
        method: call.body ? 'POST' : 'GET',
        params: call.query,
        signal: deadline.signal,
        ...(call.body
          ? { data: JSON.stringify(call.body), headers: { 'Content-Type': 'application/json' } }
          : {}),
      });
    } catch (error) {
      throw transportError(error);
    } finally {
      this.underWay--;
    }
  }
}

/** What of a failure is told apart in the log and the metrics. */
function answerOf(error: unknown, deadline: Deadline): WeChatAnswer {
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

/** By its first bytes: success and failure come with status 200 (wechat-api.md section 1.5). */
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
    // The parser's message quotes the text, which may hold a session_key.
    throw badReply('The answer is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badReply('The answer is not an object.');
  if (isTooDeep(value)) throw badReply('The answer is nested too deeply.');
  return value as Reply;
}

/** An answer that cannot be used. @param detail says what is wrong with it and repeats nothing of it */
export function badReply(detail: string): WeChatError {
  return new WeChatError('WECHAT_BAD_REPLY', { detail });
}

/** Nothing of axios's error is kept: its configuration holds the secret and the code. */
function transportError(error: unknown): WeChatError {
  if (!isAxiosError(error)) throw error;
  if (error.code === AxiosError.ERR_BAD_RESPONSE) return badReply('The answer is too large or was cut off.');
  if (error.code === AxiosError.ERR_CANCELED || error.code === AxiosError.ECONNABORTED) return tooLate();
  return new WeChatError('WECHAT_UNAVAILABLE', {
    detail: `No answer from WeChat (${error.code ?? 'connection failed'}).`,
    codeUnspent: error instanceof NeverSent,
  });
}

function tooLate(options: { codeUnspent?: boolean } = {}): WeChatError {
  return new WeChatError('WECHAT_UNAVAILABLE', { detail: 'WeChat did not answer in time.', ...options });
}
