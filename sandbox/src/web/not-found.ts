import type { FastifyInstance } from 'fastify';
import { contentTypeOf, failure } from '../api/errors.js';
import type { World } from '../state/world.js';

const HTML =
  '<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n';

/**
 * Unknown paths answer 404: with a bare HTML page, under /cgi-bin and /wxa with 40066 in JSON (section 0), under
 * /control with JSON `{ error }`.
 */
export function registerNotFound(server: FastifyInstance, world: World): void {
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    if (/^\/(cgi-bin|wxa)\//.test(path)) {
      const answer = failure(40066, 'cgi', world.clock.now());
      return reply.header('content-type', contentTypeOf('cgi')).send(Buffer.from(JSON.stringify(answer)));
    }
    void reply.code(404);
    if (path.startsWith('/control/')) return reply.send({ error: `There is no ${request.method} ${path}.` });
    return reply.header('content-type', 'text/html').send(HTML);
  });
}
