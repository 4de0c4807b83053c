import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Listening, listening } from '../../../test/harness/listening.js';

/**
 * What happens to a request: `cut` before the service gets it, `lose` its answer after the service has acted, `hang` without an
 * answer, or an answer of its own.
 */
export type Fault =
  | 'pass'
  | 'cut'
  | 'lose'
  | 'hang'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

/** A request that arrived. */
export interface Arrived {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
}

const OF_CONNECTION = new Set(['host', 'connection', 'content-length', 'transfer-encoding']);

/** A network between a client and the service, which fails as planned. */
export class FaultyProxy {
  readonly requests: Arrived[] = [];
  private faults: Fault[] = [];

  private constructor(
    private readonly server: Listening,
    private readonly upstream: string,
  ) {}

  static async listen(upstream: string): Promise<FaultyProxy> {
    const server = createServer();
    const proxy = new FaultyProxy(await listening(server), upstream);
    server.on('request', (request, response) => void proxy.take(request, response));
    return proxy;
  }

  get url(): string {
    return this.server.url;
  }

  /** Plans what happens to the next requests; later ones pass. */
  plan(...faults: Fault[]): void {
    this.faults = faults;
    this.requests.length = 0;
  }

  close(): Promise<void> {
    return this.server.close();
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { url: path = '/', headers, method = 'GET' } = request;
    this.requests.push({ path, headers, body, at: performance.now() });
    const fault = this.faults.shift() ?? 'pass';
    if (fault === 'hang') return;
    if (fault === 'cut') return void response.destroy();
    if (typeof fault === 'object')
      return void response.writeHead(fault.status, fault.headers).end(fault.body);
    const passed = Object.entries(headers).filter(([name]) => !OF_CONNECTION.has(name));
    const reply = await fetch(`${this.upstream}${path}`, {
      method,
      headers: Object.fromEntries(passed) as Record<string, string>,
      redirect: 'manual',
      ...(body === '' ? {} : { body }),
    });
    const text = await reply.text();
    if (fault === 'lose') return void response.destroy();
    response.writeHead(reply.status, Object.fromEntries(reply.headers)).end(text);
  }
}
