import { parseCookie, type SetCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Attributes of a cookie (RFC 6265 section 4.1.2). `maxAge` in seconds. */
export type CookieAttributes = Omit<SetCookie, 'name' | 'value'>;

/**
 * The value of a cookie that the browser sent. Cookies are read and set where they are used, not by hooks of every
 * request: most requests have none.
 */
export function cookieOf({ headers }: Pick<FastifyRequest, 'headers'>, name: string): string | undefined {
  return headers.cookie === undefined ? undefined : parseCookie(headers.cookie)[name];
}

/** Sets a cookie. Of two with one name, browsers keep the later. */
export function setCookie(
  reply: FastifyReply,
  name: string,
  value: string,
  attributes: CookieAttributes,
): void {
  void reply.header('set-cookie', stringifySetCookie({ name, value, ...attributes }));
}
