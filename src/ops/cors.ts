import type { FastifyReply, FastifyRequest } from 'fastify';

/** The fields of CORS that do not depend on the request. */
export const CORS_FIELDS = {
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'X-Request-Id, Retry-After, RateLimit-Policy, RateLimit',
} as const;

/** The further fields of a preflight: all methods that routes use, and whatever fields the browser asks for. */
const PREFLIGHT_FIELDS = {
  vary: 'Origin, Access-Control-Request-Headers',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-max-age': '600',
  // Some browsers would wait for a body of the 204.
  'content-length': '0',
} as const;

/** CORS with credentials for some origins only (WHATWG Fetch, section 3.2). */
export class Cors {
  private readonly origins: ReadonlySet<string>;

  constructor(origins: readonly string[]) {
    this.origins = new Set(origins);
  }

  /**
   * Allows a known origin to read the reply, and answers a preflight. An OPTIONS that is none is answered like one. A
   * route that answers OPTIONS itself gets all but preflights: a proxy that verifies the token of an OPTIONS must not
   * get a 204 from CORS.
   * @returns whether the request is answered
   */
  answers({ method, headers }: FastifyRequest, reply: FastifyReply, routeAnswersOptions: boolean): boolean {
    const { origin } = headers;
    if (origin !== undefined && this.origins.has(origin))
      void reply.header('access-control-allow-origin', origin);
    if (method !== 'OPTIONS') return false;
    const isPreflight = Boolean(origin && headers['access-control-request-method']);
    if (routeAnswersOptions && !isPreflight) return false;
    const asked = headers['access-control-request-headers'];
    if (asked !== undefined) void reply.header('access-control-allow-headers', asked);
    void reply.status(204).headers(PREFLIGHT_FIELDS).send();
    return true;
  }
}
