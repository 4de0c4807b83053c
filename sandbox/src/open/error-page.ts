import type { FastifyReply } from 'fastify';
import { loadPage, sendPage } from '../web/page.js';

const PAGE = loadPage('error', import.meta.url);

/** WeChat's error page: HTML with status 200, the reason in an `h4` (sections 4.1 and 5). */
export function sendErrorPage(reply: FastifyReply, text: string): FastifyReply {
  return sendPage(reply, PAGE, { texts: { text } });
}
