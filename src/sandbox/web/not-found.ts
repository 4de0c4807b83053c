import type { FastifyInstance } from 'fastify';

const HTML =
  '<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n';

/** Unknown paths are a bare HTML page with 404, as at a web server; under /control JSON `{ error }`. */
export function registerNotFound(server: FastifyInstance): void {
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    void reply.code(404);
    if (path.startsWith('/control/')) return reply.send({ error: `There is no ${request.method} ${path}.` });
    return reply.header('content-type', 'text/html').send(HTML);
  });
}
