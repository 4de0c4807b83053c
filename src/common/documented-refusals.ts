import type { OpenAPIObject } from '@nestjs/swagger';
import { documentProblems, type Operation, UNREADABLE_BODY_PROBLEMS } from './api-problems.js';
import type { ErrorCode } from './error-catalogue.js';

type PathItem = OpenAPIObject['paths'][string];

/** Their bodies are read, also where the route asks for none. */
const METHODS_WITH_BODY = ['post', 'put', 'patch', 'delete'] as const;
const METHODS = ['get', ...METHODS_WITH_BODY] as const;

/**
 * Adds what the server refuses before a route is asked: a part of the address that is too long, and a body that cannot
 * be read where the route takes none. Done to the whole document: a decorator knows neither path nor body of its route.
 */
export function documentRefusals(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    if (path.includes('{')) add(item, METHODS, () => ['URI_TOO_LONG']);
    add(item, METHODS_WITH_BODY, ({ requestBody }) => (requestBody ? [] : UNREADABLE_BODY_PROBLEMS));
  }
  return document;
}

/** Adds to every 401 what it asks for: RFC 9110 section 11.6.1, RFC 6750 section 3. */
export function documentChallenges(document: OpenAPIObject): OpenAPIObject {
  for (const item of Object.values(document.paths)) {
    for (const response of METHODS.map((method) => item[method]?.responses['401'])) {
      if (!response || '$ref' in response) continue;
      response.headers = {
        ...response.headers,
        'WWW-Authenticate': {
          description:
            '`Bearer`; with `error="invalid_token"` where a token came and is not good; `Basic` where an API key is taken like that.',
          schema: { type: 'string', example: 'Bearer error="invalid_token"' },
        },
      };
    }
  }
  return document;
}

function add(
  item: PathItem,
  methods: readonly (typeof METHODS)[number][],
  problemsOf: (operation: Operation) => readonly ErrorCode[],
): void {
  for (const method of methods) {
    const operation = item[method];
    if (operation) documentProblems(operation, problemsOf(operation));
  }
}
