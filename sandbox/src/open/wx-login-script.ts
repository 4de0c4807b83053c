import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';

const SCRIPT = readFileSync(new URL('./wxLogin.client.js', import.meta.url), 'utf8');

/**
 * `GET /connect/zh_CN/htmledition/js/wxLogin.js`, section 4.3: the script with which a site embeds the QR page. At
 * WeChat it is on res.wx.qq.com; here it frames the page of the sandbox that it came from.
 */
export function registerWxLoginScript(server: FastifyInstance): void {
  server.get('/connect/zh_CN/htmledition/js/wxLogin.js', (_request, reply) =>
    reply.header('content-type', 'text/javascript; charset=utf-8').send(SCRIPT),
  );
}
