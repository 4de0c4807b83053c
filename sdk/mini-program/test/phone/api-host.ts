import { createServer } from 'node:http';
import { type Listening, listening } from '../../../../test/harness/listening.js';
import type { World } from '../../../../test/harness/world.js';

/** The operator's own server: it takes orders of people with a valid access token, and counts what it has done. */
export class ApiHost {
  /** How often each order was done, by its id. */
  readonly orders = new Map<string, number>();

  private constructor(private readonly listening: Listening) {}

  get url(): string {
    return this.listening.url;
  }

  static async start(world: World): Promise<ApiHost> {
    const server = createServer();
    const host = new ApiHost(await listening(server));
    server.on('request', (request, response) => {
      void (async () => {
        let body = '';
        for await (const piece of request) body += String(piece);
        const { status } = await world.verify(request.headers.authorization?.slice(7) ?? '');
        const { order } = (body ? JSON.parse(body) : {}) as { order?: string };
        if (status === 200 && order !== undefined) host.orders.set(order, (host.orders.get(order) ?? 0) + 1);
        response.writeHead(status === 200 ? 200 : 401, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ done: status === 200 }));
      })();
    });
    return host;
  }

  stop(): Promise<void> {
    return this.listening.close();
  }
}
