import type { FastifyRequest } from 'fastify';

/** How others reach the sandbox. */
export interface WebOptions {
  /** Origin for links to the sandbox; null: the origin by which each caller reached it. */
  publicUrl: string | null;
}

/**
 * `http://host:port` of the sandbox as this caller sees it. By default it is taken from the Host header: a phone on
 * the same network, a container and localhost each get links that work for them.
 */
export function originOf(request: FastifyRequest, options: WebOptions): string {
  return options.publicUrl ?? `http://${request.host}`;
}

/** The query parameters as text; the first of a repeated one counts. */
export function queryOf(request: FastifyRequest): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === 'string') query[name] = first;
  }
  return query;
}
