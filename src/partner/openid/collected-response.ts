import { IncomingMessage, ServerResponse } from 'node:http';

/**
 * A response that is collected instead of sent. Middleware for `node:http` writes to it; Fastify then sends what was
 * written, so that its hooks run as for every other route.
 */
export class CollectedResponse extends ServerResponse {
  /** What was written as the body. */
  body: string | Buffer = '';

  override end(...[chunk]: readonly unknown[]): this {
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) this.body = chunk;
    return this;
  }
}

/** What of a request is told to such middleware differently from how it arrived. */
export interface PresentedRequest {
  /** Path and query below the mount path. */
  readonly url: string;
  /** The mount path, with that of PUBLIC_URL. */
  readonly baseUrl: string;
  readonly headers: IncomingMessage['headers'];
  /** The body, which Fastify has read already. */
  readonly body: string;
}

/** The request with another URL, other headers, and a body that can be read once more. The original is unchanged. */
export function presentedRequest(
  original: IncomingMessage,
  { url, baseUrl, headers, body }: PresentedRequest,
): IncomingMessage {
  const read = async function* (): AsyncGenerator<Buffer> {
    if (body !== '') yield await Promise.resolve(Buffer.from(body));
  };
  return Object.create(original, {
    url: { value: url },
    baseUrl: { value: baseUrl },
    // Without the path of PUBLIC_URL, which a proxy has removed. Middleware prefers it to the mount path.
    originalUrl: { value: undefined },
    headers: { value: headers },
    readable: { value: true },
    iterator: { value: read },
  }) as IncomingMessage;
}
