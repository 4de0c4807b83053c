import type { FastifyInstance } from 'fastify';
import { checkConfig } from '../js-sdk/check-config.js';
import { readConfig } from '../js-sdk/read-config.js';
import type { World } from '../state/world.js';
import { Fields } from './body.js';

/**
 * `POST /control/js-sdk-configs` `{ appId, timestamp, nonceStr, signature, url, firstUrl? }` -> `{ errMsg,
 * realAuthUrl? }`: plays `wx.config` of a page at `url` (section 14.3). `firstUrl` is that of the page's first load.
 */
export function registerJsSdkConfigs(server: FastifyInstance, world: World): void {
  server.post('/control/js-sdk-configs', (request) =>
    checkConfig(world, readConfig(new Fields(request.body))),
  );
}
