import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';

/** What the sandbox asked of the service. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How a path is answered. */
export type Answerer = (response: ServerResponse, asked: Asked) => void;

/** A service for tests of the sandbox: answers what a test tells it to, and shows what it was asked. */
export class ServiceStandIn {
  asked: Asked[] = [];
  private answers = new Map<string, Answerer>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<ServiceStandIn> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const standIn = new ServiceStandIn(server, `http://127.0.0.1:${address.port}`);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const asked = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
        standIn.asked.push(asked);
        const answer = standIn.answers.get(url.split('?')[0] ?? '');
        if (answer) answer(response, asked);
        else response.writeHead(404).end();
      });
    });
    return standIn;
  }

  /** What a path answers from now on. */
  on(path: string, answer: Answerer): void {
    this.answers.set(path, answer);
  }

  /** The same, with JSON; of a status from 400 on as a problem. */
  onJson(path: string, json: object, status = 200): void {
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    this.on(path, (response) =>
      response.writeHead(status, { 'content-type': type }).end(JSON.stringify(json)),
    );
  }

  /** Forgets answers and calls. */
  reset(): void {
    this.asked = [];
    this.answers = new Map();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
