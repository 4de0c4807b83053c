import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Listening, listening } from './listening.js';

/**
 * A proxy between the service and WeChat that shows all data to a listener, so that a test learns the
 * secrets.
 */
export class Wiretap {
  private target = '';

  private constructor(
    private readonly listening: Listening,
    private readonly overheard: (what: unknown) => void,
  ) {}

  get url(): string {
    return this.listening.url;
  }

  /** @param overheard receives query and JSON of each request, and JSON of each answer */
  static async listen(overheard: (what: unknown) => void): Promise<Wiretap> {
    const server = createServer();
    const tap = new Wiretap(await listening(server), overheard);
    server.on('request', (request, response) => {
      tap.pass(request, response).catch(() => response.destroy());
    });
    return tap;
  }

  /** Sets the target of all requests. */
  passTo(url: string): void {
    this.target = url;
  }

  stop(): Promise<void> {
    return this.listening.close();
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.target);
    const asked = await bytesOf(request as AsyncIterable<Buffer>);
    const answer = await fetch(url, {
      method: request.method ?? 'GET',
      redirect: 'manual',
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      ...(asked.length > 0 && { body: new Uint8Array(asked) }),
    });
    const answered = Buffer.from(await answer.arrayBuffer());
    for (const what of [Object.fromEntries(url.searchParams), json(asked), json(answered)])
      this.overheard(what);
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(answered);
  }
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}
