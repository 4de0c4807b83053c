import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension, type OpenAPIObject } from '@nestjs/swagger';
import type { RouteQuotaName } from '../config/quota-names.js';
import { routeQuota, type RouteQuota, WINDOW_MS } from './quotas.js';
import { documentProblems, type Operation } from '../http/problem-docs.js';

/** The quota of a route, with its name. */
export type RateLimitOfRoute = RouteQuota & { readonly name: RouteQuotaName };

/** Metadata key of a route's {@link RateLimitOfRoute}. */
export const RATE_LIMIT = 'wechat-auth:rate-limit';

/** Where the OpenAPI document says which quota an operation has. */
export const LIMIT_EXTENSION = 'x-rate-limit';

/**
 * Limits a route, or all routes of a controller that do not say otherwise. Routes under the same name share one
 * quota. Beyond it they answer RATE_LIMITED; the OpenAPI document says so.
 */
export function RateLimit(name: RouteQuotaName): MethodDecorator & ClassDecorator {
  // Looked up once for the route, not for each of its requests.
  const limit: RateLimitOfRoute = { name, ...routeQuota(name) };
  const { perAddress, perApp } = limit;
  return applyDecorators(
    SetMetadata(RATE_LIMIT, limit),
    ApiExtension(LIMIT_EXTENSION, {
      policy: name,
      windowSeconds: WINDOW_MS / 1_000,
      perAddress,
      ...(perApp && { perApp: perApp.quota }),
    }),
  );
}

/** The fields of a reply of a limited route. */
const FIELDS = {
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', example: 17 } },
  'RateLimit-Policy': {
    description: 'The quotas that hold (draft-ietf-httpapi-ratelimit-headers); on every reply of this route.',
    schema: { type: 'string', example: '"login";q=3000;w=60' },
  },
  RateLimit: {
    description: 'What is left of them, and for how many seconds; on every reply of this route.',
    schema: { type: 'string', example: '"login";r=0;t=17' },
  },
} as const;

/**
 * Adds RATE_LIMITED and the fields to the 429 of every limited route, and API_KEY_INVALID. Done to the whole document: a decorator could
 * not add to what another one says of the same status.
 */
export function documentLimits(document: OpenAPIObject): OpenAPIObject {
  for (const operation of Object.values(document.paths).flatMap((path) =>
    Object.values<unknown>({ ...path }),
  )) {
    if (!isLimited(operation)) continue;
    documentProblems(operation, ['RATE_LIMITED'], FIELDS);
    // A wrong X-Api-Key is refused wherever a good one changes something.
    documentProblems(operation, ['API_KEY_INVALID']);
  }
  return document;
}

function isLimited(operation: unknown): operation is Operation {
  return typeof operation === 'object' && operation !== null && LIMIT_EXTENSION in operation;
}
