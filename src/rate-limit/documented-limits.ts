import type { OpenAPIObject } from '@nestjs/swagger';
import { problemResponse } from '../common/api-problems.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { PROBLEM_JSON } from '../common/problem.js';
import { LIMIT_EXTENSION } from './rate-limit.decorator.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Response = Operation['responses'][string];

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
 * Adds RATE_LIMITED and the fields to the 429 of every limited route. Done to the whole document: a decorator could
 * not add to what another one says of the same status.
 */
export function documentLimits(document: OpenAPIObject): OpenAPIObject {
  for (const operation of Object.values(document.paths).flatMap((path) =>
    Object.values<unknown>({ ...path }),
  )) {
    if (isLimited(operation)) operation.responses['429'] = limited(operation.responses['429']);
  }
  return document;
}

function isLimited(operation: unknown): operation is Operation {
  return typeof operation === 'object' && operation !== null && LIMIT_EXTENSION in operation;
}

function limited(documented: Response): Response {
  const examples = documented && 'content' in documented ? documented.content?.[PROBLEM_JSON]?.examples : {};
  const codes = new Set(['RATE_LIMITED', ...Object.keys(examples ?? {})]);
  return { ...problemResponse([...codes] as ErrorCode[]), headers: FIELDS };
}
