import type { Letter } from './letter.js';
import type { PushAnswer } from './taken.js';

/** The answer of the service to one try. */
export interface Answered extends PushAnswer {
  contentType: string | null;
  ms: number;
}

const LONGEST_BODY = 10_000;

/** The address of the service's route for an app, with a query. */
export function pushUrl(serviceUrl: string, appId: string, query: Record<string, string>): string {
  const search = new URLSearchParams(query).toString();
  return `${serviceUrl.replace(/\/+$/, '')}/v1/wechat/events/${encodeURIComponent(appId)}?${search}`;
}

/** Sends a push once. After `timeoutSeconds` without the whole answer, the connection is closed (section 15.2). */
export async function sendPush(
  { url, contentType, body }: Letter & { url: string },
  timeoutSeconds: number,
): Promise<Answered> {
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
    return {
      status: response.status,
      contentType: response.headers.get('content-type'),
      body: text.slice(0, LONGEST_BODY),
      ms: taken(),
    };
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    return { status: null, contentType: null, body: name, ms: taken() };
  }
}
