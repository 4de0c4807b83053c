import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../../../shared/api.js';
import { AuthError, errorOf } from '../../../shared/auth-error.js';
import { failure, isErrorCode } from '../failure.js';
import { addressOf, apiKeyOf, numberOf } from '../options.js';
import { deadline, faultOf, type Fetch, isTimeout, isUnsent, replyText } from './network.js';

/** How to reach wechat-auth. */
export interface ServiceOptions {
  /** Address of wechat-auth, for instance `https://auth.example.com`, or the one inside your network. */
  readonly baseUrl: string | URL;
  /** A key of SERVICE_API_KEYS. */
  readonly apiKey?: string | undefined;
  /** Deadline of one attempt (ms). Default 6000: a login may take 5 s. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is repeated, where that is safe. Default 2. */
  readonly retries?: number | undefined;
  /** Deadline of a call with its repetitions and waits (ms). Default 15000. */
  readonly deadlineMs?: number | undefined;
  /** For a proxy on the way to wechat-auth. Default: `fetch` of Node.js. */
  readonly fetch?: Fetch | undefined;
}

/** A call of a route. */
export interface ServiceCall {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  /**
   * Whether the call may be repeated although the first attempt may have succeeded. Otherwise it is repeated only if
   * the attempt was not received or was refused.
   */
  readonly repeatable: boolean;
  /** Codes after which the same call cannot succeed, although their status says that it may. */
  readonly final?: readonly string[];
}

/** The answer of a call. */
export interface ServiceReply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; `undefined` for an empty body. */
  readonly body: unknown;
}

/** Delays between attempts without a Retry-After grow from here (ms). */
const BACK_OFF_MS = 200;
/** A proxy did not get an answer: it is unknown whether the service has acted. */
const PROXY_FAULTS = [502, 504];

/** Calls wechat-auth: deadlines, repetitions, and errors that contain no secret. */
export class ServiceHttp {
  private readonly baseUrl: string;
  private readonly apiKey: string | undefined;
  private readonly timeoutMs: number;
  private readonly retries: number;
  private readonly deadlineMs: number;
  private readonly fetch: Fetch;

  /** @throws AuthError OPTIONS_INVALID */
  constructor(options: ServiceOptions) {
    this.baseUrl = addressOf(options.baseUrl, 'baseUrl');
    this.apiKey = options.apiKey === undefined ? undefined : apiKeyOf(options.apiKey);
    this.timeoutMs = numberOf(options.timeoutMs ?? 6_000, 'timeoutMs');
    this.retries = numberOf(options.retries ?? 2, 'retries');
    this.deadlineMs = numberOf(options.deadlineMs ?? 15_000, 'deadlineMs');
    this.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  }

  /**
   * @param path of the route, with a slash in front
   * @throws AuthError of an answer that is not 2xx; SERVICE_UNREACHABLE, SERVICE_TIMEOUT, SERVICE_BAD_REPLY
   */
  async call(path: string, call: ServiceCall): Promise<ServiceReply> {
    const endsAt = performance.now() + this.deadlineMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.attempt(path, call, endsAt - performance.now());
      } catch (error) {
        const wait = waitOf(error, attempt);
        const isOver = attempt >= this.retries || performance.now() + wait >= endsAt;
        if (isOver || !mayRepeat(error, call)) throw toAuthError(error);
        await delay(wait);
      }
    }
  }

  private async attempt(path: string, call: ServiceCall, leftMs: number): Promise<ServiceReply> {
    const body = call.form ? new URLSearchParams(call.form).toString() : stringified(call.json);
    const response = await this.fetch(`${this.baseUrl}${path}`, {
      method: call.method ?? 'POST',
      // A key must not follow a redirect to another host.
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        ...(this.apiKey === undefined ? {} : { 'x-api-key': this.apiKey }),
        ...(call.form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(body === undefined ? {} : { body }),
      signal: deadline(Math.min(this.timeoutMs, leftMs)),
    });
    const parsed = parse(await replyText(response));
    if (!response.ok) throw errorOf(response.status, problemOf(parsed), response.headers.get('retry-after'));
    return { status: response.status, headers: response.headers, body: parsed };
  }
}

/** Whether an error of an attempt leaves it possible and safe to send the same again. */
function mayRepeat(error: unknown, { repeatable, final = [] }: ServiceCall): boolean {
  if (error instanceof AuthError) {
    const isOfProxy = PROXY_FAULTS.includes(error.status ?? 0);
    return (isOfProxy ? repeatable : error.retryable) && !final.includes(error.code);
  }
  return repeatable || isUnsent(error);
}

/** Retry-After or a growing delay, with jitter (ms): clients that were refused together do not come back together. */
function waitOf(error: unknown, attempt: number): number {
  const retryAfter = error instanceof AuthError ? error.retryAfter : undefined;
  if (retryAfter === undefined) return BACK_OFF_MS * 2 ** attempt * (0.5 + Math.random());
  return retryAfter * 1_000 + Math.random() * Math.max(BACK_OFF_MS, retryAfter * 250);
}

function toAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  const reason = faultOf(error);
  return failure(isTimeout(error) ? 'SERVICE_TIMEOUT' : 'SERVICE_UNREACHABLE', {
    retryable: true,
    detail: `wechat-auth did not answer (${reason}).`,
    reason,
  });
}

/**
 * The fields of a problem that an error has; `null` for an answer of something else, of which nothing is repeated: it
 * may contain the key and what was sent.
 */
function problemOf(body: unknown): object | null {
  const { code, detail, requestId, errors } = (body ?? {}) as Partial<Problem>;
  return isErrorCode(code) ? { code, detail, requestId, errors } : null;
}

function stringified(json: unknown): string | undefined {
  return json === undefined ? undefined : JSON.stringify(json);
}

/** @returns `null` for what is not JSON */
function parse(text: string | null): unknown {
  if (text === '') return undefined;
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
