import { createServer, type Server } from 'node:http';

/** A call that the service made to WeChat. */
export interface StandInCall {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/**
 * WeChat in forty lines: answers what a test tells it to and shows what it was asked. Not the sandbox, so what
 * works here needs none of its extras.
 */
export class StandIn {
  readonly calls: StandInCall[] = [];
  private readonly answers = new Map<string, object>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<StandIn> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const standIn = new StandIn(server, `http://127.0.0.1:${address.port}`);
    server.on('request', (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', standIn.url);
      standIn.calls.push({ path: pathname, query: Object.fromEntries(searchParams) });
      const answer = standIn.answers.get(pathname) ?? { errcode: 40066, errmsg: 'invalid url' };
      // As WeChat does: UTF-8 under text/plain, and no word about the charset (wechat-api.md section 0).
      response.writeHead(200, { 'content-type': 'text/plain' }).end(JSON.stringify(answer));
    });
    return standIn;
  }

  /** What a path answers from now on. */
  answer(path: string, answer: object): void {
    this.answers.set(path, answer);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
