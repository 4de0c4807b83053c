import type { FastifyInstance } from 'fastify';
import type { World } from '../state/world.js';
import type { WebOptions } from '../web/request.js';
import { registerAuthorize } from './authorize.js';
import { registerConfirm } from './confirm.js';
import { registerLongPoll } from './long-poll.js';
import { registerPrompt } from './prompt.js';
import { registerQrcode } from './qrcode.js';
import { registerQrconnect } from './qrconnect.js';
import { registerWxLoginScript } from './wx-login-script.js';

/** Registers what open.weixin.qq.com serves, on the same host and port as the API (sections 4, 5). */
export function registerOpen(server: FastifyInstance, world: World, options: WebOptions): void {
  registerQrconnect(server, world);
  registerQrcode(server, world, options);
  registerLongPoll(server, world);
  registerConfirm(server);
  registerAuthorize(server, world);
  registerPrompt(server, world);
  registerWxLoginScript(server);
}
