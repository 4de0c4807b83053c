import { createServer } from 'node:http';
import { type Listening, listening } from './listening.js';

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

  private constructor(private readonly listening: Listening) {}

  get url(): string {
    return this.listening.url;
  }

  static async start(): Promise<StandIn> {
    const server = createServer();
    const standIn = new StandIn(await listening(server));
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

  stop(): Promise<void> {
    return this.listening.close();
  }
}
