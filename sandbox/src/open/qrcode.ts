import type { FastifyInstance } from 'fastify';
import { toBuffer } from 'qrcode';
import sharp from 'sharp';
import type { World } from '../state/world.js';
import { originOf, type WebOptions } from '../web/request.js';

const PIXELS = 430;

/**
 * `GET /connect/qrcode/:uuid`, section 4.2: a JPEG, 430 px square, that encodes
 * `{origin}/connect/confirm?uuid={uuid}`. An unknown uuid is 404.
 */
export function registerQrcode(server: FastifyInstance, world: World, options: WebOptions): void {
  server.get<{ Params: { uuid: string } }>('/connect/qrcode/:uuid', async (request, reply) => {
    const { uuid } = request.params;
    if (!world.qrLogins.find(uuid)) {
      reply.callNotFound();
      return reply;
    }
    const link = `${originOf(request, options)}/connect/confirm?uuid=${uuid}`;
    const png = await toBuffer(link, { width: PIXELS, margin: 2, errorCorrectionLevel: 'M' });
    const jpeg = await sharp(png).resize(PIXELS, PIXELS).jpeg({ quality: 90 }).toBuffer();
    return reply.header('content-type', 'image/jpeg').header('cache-control', 'no-store').send(jpeg);
  });
}
