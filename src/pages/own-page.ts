import type { FastifyRequest } from 'fastify';

/**
 * Whether a page of our own origin sent a request: by Fetch Metadata, or by the Origin header in browsers
 * without it. Only a browser's word counts: any other client can claim it.
 * @param origin of PUBLIC_URL
 */
export function isFromOwnPage(request: FastifyRequest, origin: string): boolean {
  const { 'sec-fetch-site': site, origin: sender } = request.headers;
  return site === undefined ? sender === origin : site === 'same-origin';
}

/**
 * Whether a page of another origin sent a request. Our pages send no Referer, so the Origin of their forms is
 * `null` (Fetch Standard, "append a request Origin header").
 */
export function isFromOtherPage(request: FastifyRequest, origin: string): boolean {
  const { 'sec-fetch-site': site, origin: sender } = request.headers;
  if (site !== undefined) return site !== 'same-origin';
  return sender !== undefined && sender !== 'null' && sender !== origin;
}
