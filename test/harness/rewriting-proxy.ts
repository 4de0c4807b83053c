import { createServer, request as send, type Server } from 'node:http';

/**
 * A reverse proxy that people reach as `localhost`, in front of a service at `127.0.0.1`. It sends its upstream's name
 * as Host and says nothing of the name that it was called by, as nginx does with no more than `proxy_pass`.
 */
export class RewritingProxy {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /**
   * @param port where it listens
   * @param upstream port of the service
   * @param prefix path that it takes away: `/auth`, or nothing
   */
  static async start(port: number, upstream: number, prefix = ''): Promise<RewritingProxy> {
    const server = createServer((request, response) => {
      const { method, url = '', headers } = request;
      if (!url.startsWith(`${prefix}/`)) {
        response.writeHead(404).end();
        return;
      }
      const onward = send({
        host: '127.0.0.1',
        port: upstream,
        method,
        path: url.slice(prefix.length),
        headers: { ...headers, host: `127.0.0.1:${upstream}` },
      });
      onward.on('response', (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      });
      onward.on('error', () => response.destroy());
      response.on('close', () => onward.destroy());
      request.pipe(onward);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return new RewritingProxy(server, `http://localhost:${port}${prefix}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
