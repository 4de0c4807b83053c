import { createServer, request as send } from 'node:http';
import { listening } from './listening.js';

/**
 * A reverse proxy at `localhost` in front of a service at `127.0.0.1`. It sends the upstream's name as Host
 * and no header with the original name, like nginx with only `proxy_pass`.
 */
export class RewritingProxy {
  private constructor(
    readonly url: string,
    /** Closes all connections and stops listening. */
    readonly stop: () => Promise<void>,
  ) {}

  /**
   * @param port port of the proxy
   * @param upstream port of the service
   * @param prefix path prefix that the proxy removes: `/auth`, or empty
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
    const { close } = await listening(server, port);
    return new RewritingProxy(`http://localhost:${port}${prefix}`, close);
  }
}
