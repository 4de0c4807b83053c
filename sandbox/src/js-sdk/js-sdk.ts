import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { Fields } from '../control/body.js';
import type { World } from '../state/world.js';
import { addressOutside } from '../web-view/addresses.js';
import { checkConfig } from './check-config.js';
import { readConfig } from './read-config.js';

const SCRIPT = readFileSync(new URL('./jweixin.client.js', import.meta.url), 'utf8');

/**
 * The JS-SDK of pages inside WeChat (section 14).
 *
 * - `GET /open/js/jweixin-1.6.0.js`: the script; at WeChat it is on res.wx.qq.com
 * - `POST /phone/web/js-sdk-config` `{ appId, timestamp, nonceStr, signature, url, firstUrl? }` -> `{ errMsg,
 *   realAuthUrl? }`: what the script asks where the page is at a host of the virtual WeChat
 */
export function registerJsSdk(server: FastifyInstance, world: World): void {
  server.get('/open/js/jweixin-1.6.0.js', (_request, reply) =>
    reply.header('content-type', 'text/javascript; charset=utf-8').send(SCRIPT),
  );

  server.post('/phone/web/js-sdk-config', (request) => {
    const config = readConfig(new Fields(request.body));
    const { origin = '' } = request.headers;
    return checkConfig(world, config, (url) => addressOutside(url, origin, world.service));
  });
}
