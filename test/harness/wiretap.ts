import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** Passes everything on between the service and WeChat, and shows it to who listens: what a test could not know. */
export class Wiretap {
  private target = '';

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private readonly overheard: (what: unknown) => void,
  ) {}

  /** @param overheard gets the query and the JSON of each request, and the JSON of each answer */
  static async listen(overheard: (what: unknown) => void): Promise<Wiretap> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const tap = new Wiretap(server, `http://127.0.0.1:${address.port}`, overheard);
    server.on('request', (request, response) => {
      tap.pass(request, response).catch(() => response.destroy());
    });
    return tap;
  }

  /** Where everything goes. */
  passTo(url: string): void {
    this.target = url;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
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
