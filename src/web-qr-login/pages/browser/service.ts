import type { BrowserTexts } from '../page-data.js';

const TIMEOUT_MS = 10_000;
/** The person waits for this request, and the login does not need it. */
const REMEMBER_TIMEOUT_MS = 2_000;

/** The service refused a request, or was not reached. */
export class Refusal extends Error {
  /**
   * @param code of the error catalogue; `OFFLINE` without an answer, `OTHER` for an answer without a code
   * @param retryAfter seconds; 0 where the service does not say
   */
  constructor(
    readonly code: string,
    readonly retryAfter = 0,
  ) {
    super(code);
  }
}

/** The refusal behind an error; any other error is `OTHER`. */
export const refusalOf = (error: unknown): Refusal =>
  error instanceof Refusal ? error : new Refusal('OTHER');

/** An attempt as the service answers it. One method has `qrImageUrl`, the other `wxLogin`. */
export interface Attempt {
  readonly id: string;
  readonly secret: string;
  readonly qrImageUrl: string;
  readonly wxLogin: { readonly src: string; readonly allow: string };
}

/** What an attempt is asked for. */
export interface AttemptRequest {
  readonly method: string | undefined;
  readonly appId: string | undefined;
  readonly returnTo: string | undefined;
  readonly codeChallenge: string | undefined;
}

/** Status of an attempt. `loginCode` comes once, with `confirmed`. */
export interface AttemptStatus {
  readonly status: 'pending' | 'scanned' | 'confirmed' | 'denied' | 'expired';
  readonly loginCode?: string;
}

/**
 * Sends a request: GET, or POST where there is a body. The path is relative to the page, so that a path in PUBLIC_URL
 * is kept.
 * @returns the JSON of the answer, `{}` where it is none
 * @throws Refusal
 */
export async function call(
  path: string,
  {
    body,
    headers = {},
    timeoutMs = TIMEOUT_MS,
  }: { body?: unknown; headers?: Readonly<Record<string, string>>; timeoutMs?: number } = {},
): Promise<unknown> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    const response = await fetch(path, {
      signal: abort.signal,
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const reply: unknown = await response.json().catch(() => ({}));
    if (!response.ok) {
      const { code } = reply as { code?: string };
      throw new Refusal(code ?? 'OTHER', Number(response.headers.get('retry-after') ?? 0));
    }
    return reply;
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal('OFFLINE');
  } finally {
    clearTimeout(timer);
  }
}

/** Begins an attempt in the language of the page. @throws Refusal */
export const beginAttempt = async (request: AttemptRequest): Promise<Attempt> =>
  (await call(`v1/web-qr-login/attempts?ui_locales=${document.documentElement.lang}`, {
    body: request,
  })) as Attempt;

/** Path of an attempt. */
export const attemptPath = ({ id }: Attempt): string => `v1/web-qr-login/attempts/${encodeURIComponent(id)}`;

/** Reads the status of an attempt; the secret is for browsers that block our cookie. @throws Refusal */
export const readAttempt = async (attempt: Attempt): Promise<AttemptStatus> =>
  (await call(attemptPath(attempt), { headers: { 'x-attempt-secret': attempt.secret } })) as AttemptStatus;

/**
 * Reports a login that has ended in this page, so that the service knows the person in this browser. The login goes on
 * without it.
 */
export const remember = async (loginCode: string): Promise<void> => {
  await call('login/session', { body: { loginCode }, timeoutMs: REMEMBER_TIMEOUT_MS }).catch(() => undefined);
};

/** The text for an error code. The code may come from the address bar: inherited properties are no texts. */
export const problemText = ({ errors }: BrowserTexts, code: string): string =>
  (Object.keys(errors).includes(code) ? errors[code] : undefined) ?? errors.OTHER;
