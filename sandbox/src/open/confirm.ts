import type { FastifyInstance } from 'fastify';
import { queryOf } from '../web/request.js';

/**
 * `GET /connect/confirm?uuid=`: what the QR code holds (section 4.2). WeChat opens it in the app; here it
 * leads to the virtual phone, so that a real phone's camera on the same network can be used as well.
 */
export function registerConfirm(server: FastifyInstance): void {
  server.get('/connect/confirm', (request, reply) => {
    const uuid = queryOf(request).uuid ?? '';
    return reply.redirect(`/phone?uuid=${encodeURIComponent(uuid)}`);
  });
}
