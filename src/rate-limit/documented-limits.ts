import type { OpenAPIObject } from '@nestjs/swagger';
import { documentProblems, type Operation } from '../http/problem-docs.js';
import { LIMIT_EXTENSION } from './rate-limit.decorator.js';

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
