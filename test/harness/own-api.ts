import { createServer } from 'node:http';
import { type Listening, listening } from './listening.js';

/** A call of the own service of a mini program or website. */
export interface ApiCall {
  readonly call: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** The own service of a mini program or website, beside wechat-auth. It records calls and answers as a test says. */
export class OwnApi {
  readonly calls: ApiCall[] = [];
  /** Of the next answers. */
  status = 200;

  private constructor(private readonly listening: Listening) {}

  get url(): string {
    return this.listening.url;
  }

  static async start(): Promise<OwnApi> {
    const server = createServer();
    const api = new OwnApi(await listening(server));
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url, headers } = request;
        const body = Buffer.concat(chunks).toString();
        api.calls.push({ call: `${method} ${url}`, authorization: headers.authorization, body });
        response.writeHead(api.status, { 'content-type': 'application/json' }).end('[]');
      });
    });
    return api;
  }

  stop(): Promise<void> {
    return this.listening.close();
  }
}
