import type { FastifyInstance } from 'fastify';
import type { AppConfig } from '../config/app-config.js';

/**
 * Serves the files of WECHAT_VERIFY_FILES at the root. WeChat's console checks them before it accepts a
 * domain (业务域名, JS 接口安全域名, 网页授权域名).
 */
export function registerVerifyFiles(fastify: FastifyInstance, { wechat }: AppConfig): void {
  for (const { name, content } of wechat.verifyFiles) {
    fastify.get(`/${name}`, (_request, reply) => reply.type('text/plain; charset=utf-8').send(content));
  }
}
