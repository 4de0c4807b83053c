import { createServer, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type Listening, listening } from '../../../test/harness/listening.js';

type Mode = 'pass' | 'silent' | 'error' | 'html' | 'empty' | 'endless';

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536, 32);
}

/** Stands between a verifier and the service's JWKS: counts the requests, and fails as a test wants. */
export class JwksProxy {
  requests = 0;
  mode: Mode = 'pass';
  private readonly waiting: ServerResponse[] = [];
  private arrived: () => void = () => undefined;

  private constructor(
    private readonly server: Listening,
    private readonly upstream: string,
  ) {}

  static async listen(upstream: string): Promise<JwksProxy> {
    const server = createServer();
    const proxy = new JwksProxy(await listening(server), upstream);
    server.on('request', (_request, response) => void proxy.answer(response));
    return proxy;
  }

  get url(): string {
    return `${this.server.url}/keys`;
  }

  /** Resolves with the next request. */
  arrival(): Promise<void> {
    return new Promise((resolve) => (this.arrived = resolve));
  }

  /** Answers the requests that `silent` has kept. */
  async release(): Promise<void> {
    this.mode = 'pass';
    await Promise.all(this.waiting.splice(0).map((response) => this.pass(response)));
  }

  /** Answers them with a set that was fetched before. */
  releaseWith(stale: string): void {
    this.mode = 'pass';
    for (const response of this.waiting.splice(0)) response.end(stale);
  }

  close(): Promise<void> {
    return this.server.close();
  }

  private async answer(response: ServerResponse): Promise<void> {
    this.requests++;
    this.arrived();
    if (this.mode === 'silent') this.waiting.push(response);
    else if (this.mode === 'error') response.writeHead(502).end('{}');
    else if (this.mode === 'html') response.end('<html></html>');
    else if (this.mode === 'empty') response.end('{"keys":[]}');
    else if (this.mode === 'endless') Readable.from(endless()).pipe(response);
    else await this.pass(response);
  }

  private async pass(response: ServerResponse): Promise<void> {
    const reply = await fetch(`${this.upstream}/.well-known/jwks.json`);
    response.end(await reply.text());
  }
}
