import type { Letter } from './letter.js';

/** The reply of the service to one try. */
export interface Try {
  /** Null without a reply. */
  status: number | null;
  body: string;
  ms: number;
}

/** A push and its repeats. */
export interface Delivery {
  delivered: boolean;
  tries: Try[];
}

const RETRIES = 3;
const LONGEST_BODY = 10_000;

/**
 * Sends a push, and repeats it up to three times until the reply is `success`, an empty body or XML and comes within
 * the timeout (section 6.2).
 */
export async function deliver(url: string, letter: Letter, timeoutSeconds: number): Promise<Delivery> {
  const tries: Try[] = [];
  while (tries.length <= RETRIES) {
    const answer = await send(url, letter, timeoutSeconds);
    tries.push(answer);
    if (isTaken(answer)) return { delivered: true, tries };
  }
  return { delivered: false, tries };
}

/** The address of the service's route for an app, with a query. */
export function pushUrl(serviceUrl: string, appId: string, query: Record<string, string>): string {
  const search = new URLSearchParams(query).toString();
  return `${serviceUrl.replace(/\/+$/, '')}/v1/wechat/events/${encodeURIComponent(appId)}?${search}`;
}

async function send(url: string, { contentType, body }: Letter, timeoutSeconds: number): Promise<Try> {
  const startedAt = performance.now();
  const taken = () => Math.round(performance.now() - startedAt);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    });
    const text = await response.text();
    return { status: response.status, body: text.slice(0, LONGEST_BODY), ms: taken() };
  } catch (error) {
    return { status: null, body: error instanceof Error ? error.name : '', ms: taken() };
  }
}

function isTaken({ status, body }: Try): boolean {
  return status === 200 && (body === '' || body === 'success' || body.startsWith('<xml>'));
}
