import { createServer } from 'node:http';
import { type Listening, listening } from './listening.js';

/** A call from the service to WeChat. */
export interface StandInCall {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/**
 * A minimal WeChat that returns the answers that a test sets and records the calls. It is not the sandbox, so
 * it proves that the service needs no extras of the sandbox.
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
      // As WeChat does: UTF-8 as text/plain without a charset (wechat-api.md section 0).
      response.writeHead(200, { 'content-type': 'text/plain' }).end(JSON.stringify(answer));
    });
    return standIn;
  }

  /** Sets the answer of a path. */
  answer(path: string, answer: object): void {
    this.answers.set(path, answer);
  }

  stop(): Promise<void> {
    return this.listening.close();
  }
}
