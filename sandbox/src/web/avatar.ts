import type { FastifyInstance } from 'fastify';
import sharp from 'sharp';
import type { World } from '../state/world.js';
import { drawAvatar } from './faces.js';

const SIZES: Record<string, number> = { '0': 640, '46': 46, '64': 64, '96': 96, '132': 132 };

/**
 * `GET /mmopen/vi_32/:picture/:size`: a person's picture as a JPEG. `size` is 0 (640 px), 46, 64, 96 or 132
 * pixels. The URL stops working when the picture changes (section 4.7).
 */
export function registerAvatars(server: FastifyInstance, world: World): void {
  server.get<{ Params: { picture: string; size: string } }>(
    '/mmopen/vi_32/:picture/:size',
    async (request, reply) => {
      const { picture, size } = request.params;
      const pixels = SIZES[size];
      const person = world.people.all().find((each) => `${each.id}-${each.avatarVersion}` === picture);
      if (!person || pixels === undefined) {
        reply.callNotFound();
        return reply;
      }
      const svg = Buffer.from(drawAvatar(person.avatar, pixels));
      const jpeg = await sharp(svg).resize(pixels, pixels).jpeg({ quality: 92 }).toBuffer();
      return reply.header('content-type', 'image/jpeg').header('cache-control', 'max-age=2592000').send(jpeg);
    },
  );
}
