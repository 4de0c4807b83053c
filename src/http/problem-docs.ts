import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiResponse, getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { AppError } from '../common/app-error.js';
import { catalogueEntry, ERROR_CATALOGUE, type ErrorCode } from '../common/error-catalogue.js';
import { PROBLEM_JSON, toProblem } from './problem.js';

/** An operation of the OpenAPI document. */
export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type ResponseObject = Exclude<NonNullable<Operation['responses'][string]>, { $ref: string }>;

/** One invalid field. */
export class FieldErrorReply {
  @ApiProperty({ description: 'Name of the field, with dots for nested ones.', example: 'code' })
  field!: string;

  @ApiProperty({ description: 'What is wrong with it.', example: 'code must be a string' })
  message!: string;
}

/** Schema of every error reply (RFC 9457). */
export class ProblemReply {
  @ApiProperty({
    description: '`urn:wechat-auth:error:` and the code.',
    example: 'urn:wechat-auth:error:WECHAT_CODE_INVALID',
  })
  type!: string;

  @ApiProperty({
    description: 'The same for every occurrence of the code.',
    example: 'WeChat does not accept the code',
  })
  title!: string;

  @ApiProperty({ description: 'The HTTP status.', example: 401 })
  status!: number;

  @ApiProperty({
    example: 'WECHAT_CODE_INVALID',
    description: 'Stable; listed in docs/errors.md.',
    enum: Object.keys(ERROR_CATALOGUE),
    enumName: 'ErrorCode',
  })
  code!: string;

  @ApiProperty({
    description: 'What is special about this occurrence, for people.',
    example: 'WeChat answered 40029 (rid 65d56510-389d87bb-729c2f46).',
  })
  detail!: string;

  @ApiProperty({
    description: 'Finds the request in the log; also in X-Request-Id.',
    example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e52',
  })
  requestId!: string;

  @ApiProperty({
    description: 'The faults of fields, with VALIDATION_FAILED.',
    type: [FieldErrorReply],
    required: false,
  })
  errors?: FieldErrorReply[];
}

/** Errors of every route. */
const EVERYWHERE: readonly ErrorCode[] = ['BAD_REQUEST', 'VALIDATION_FAILED', 'INTERNAL_ERROR'];

/** Errors of every route that requires an access token. */
const AUTHENTICATED: readonly ErrorCode[] = [
  'TOKEN_MISSING',
  'TOKEN_INVALID',
  'SESSION_ENDED',
  'ACCOUNT_DISABLED',
  'DATABASE_UNAVAILABLE',
];

/** Errors of an unreadable body, also on routes without a body. */
export const UNREADABLE_BODY_PROBLEMS: readonly ErrorCode[] = [
  'MALFORMED_JSON',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];

/** Errors of every route with a JSON body. */
const WITH_BODY: readonly ErrorCode[] = ['VALIDATION_FAILED', ...UNREADABLE_BODY_PROBLEMS];

/** Errors of every call to WeChat. */
export const WECHAT_CALL_PROBLEMS: readonly ErrorCode[] = [
  'WECHAT_BUSY',
  'WECHAT_RATE_LIMITED',
  'WECHAT_UNAVAILABLE',
  'WECHAT_BAD_REPLY',
  'WECHAT_CONFIGURATION',
  'WECHAT_ERROR',
];

/** Errors of every exchange of a code. */
export const CODE_EXCHANGE_PROBLEMS: readonly ErrorCode[] = [
  'APP_UNKNOWN',
  'WECHAT_CODE_INVALID',
  'WECHAT_CODE_USED',
  'WECHAT_USER_BLOCKED',
  'WECHAT_UNIONID_CHANGED',
  ...WECHAT_CALL_PROBLEMS,
  'ACCOUNT_DISABLED',
  'DATABASE_UNAVAILABLE',
  'STORE_UNAVAILABLE',
];

/** An error reply in another form, such as an error of OAuth. */
export interface OtherError {
  readonly description: string;
  /** By media type. */
  readonly content: NonNullable<ResponseObject['content']>;
}

/** What decides which errors a route has besides those that it names. */
interface KindOfRoute {
  readonly bearer?: boolean;
  readonly body?: boolean;
  /** Errors in another form, by status: a reply is one or the other. */
  readonly others?: Readonly<Record<number, OtherError>>;
}

/** Documents the error replies of a route: the given codes and those of its kind. */
export function ApiProblems(
  kind: KindOfRoute,
  ...codes: readonly ErrorCode[]
): MethodDecorator & ClassDecorator {
  const all = new Set<ErrorCode>([
    ...codes,
    ...(kind.bearer ? AUTHENTICATED : []),
    ...(kind.body ? WITH_BODY : []),
    ...EVERYWHERE,
  ]);
  const responses = new Map<number, OtherError>(
    Object.entries(kind.others ?? {}).map(([status, other]) => [Number(status), other]),
  );
  for (const [status, codesOfStatus] of byStatus(all)) {
    responses.set(status, beside(problemResponse(codesOfStatus), responses.get(status)));
  }
  return applyDecorators(...[...responses].map(([status, response]) => ApiResponse({ status, ...response })));
}

/** The response object for errors of two forms. */
function beside(problem: OtherError, other: OtherError | undefined): OtherError {
  if (!other) return problem;
  return {
    description: `${problem.description}\n\n${other.description}`,
    content: { ...other.content, ...problem.content },
  };
}

/** Adds error replies, with their header fields, to an operation of the OpenAPI document. */
export function documentProblems(
  operation: Operation,
  codes: readonly ErrorCode[],
  headers?: Readonly<Record<string, object>>,
): void {
  for (const [status, added] of byStatus(codes)) {
    const documented = operation.responses[status];
    const { description = '', content = {} } = documented && !('$ref' in documented) ? documented : {};
    const { [PROBLEM_JSON]: problem, ...others } = content;
    const all = new Set([...added, ...(Object.keys(problem?.examples ?? {}) as ErrorCode[])]);
    const response = problemResponse([...all]);
    operation.responses[status] = {
      ...documented,
      ...(Object.keys(others).length === 0
        ? response
        : // The first paragraph names the codes of problems, where there were any.
          beside(response, {
            description: problem ? description.replace(/^.*\n\n/, '') : description,
            content: others,
          })),
      ...(headers && { headers }),
    };
  }
}

function byStatus(codes: Iterable<ErrorCode>): Map<number, ErrorCode[]> {
  const found = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = catalogueEntry(code);
    found.set(status, [...(found.get(status) ?? []), code]);
  }
  return found;
}

/** The OpenAPI response object for all errors with one status. */
export function problemResponse(codes: readonly ErrorCode[]): OtherError {
  return {
    description: codes.join(', '),
    content: {
      [PROBLEM_JSON]: {
        // The codes of this reply as an enum, for generated clients.
        schema: {
          allOf: [
            { $ref: getSchemaPath(ProblemReply) },
            { type: 'object', properties: { code: { type: 'string', enum: [...codes].sort() } } },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
      },
    },
  };
}

function exampleOf(code: ErrorCode): object {
  const errors =
    code === 'VALIDATION_FAILED' ? [{ field: 'code', message: 'code must be a string' }] : undefined;
  return toProblem(new AppError(code, errors ? { errors } : {}), '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e52');
}

type PathItem = OpenAPIObject['paths'][string];

/** The server reads a body for these methods, also if the route has none. */
const METHODS_WITH_BODY = ['post', 'put', 'patch', 'delete'] as const;
const METHODS = ['get', ...METHODS_WITH_BODY] as const;

/**
 * Documents what the server refuses before it calls a route: a path parameter that is too long, and an
 * unreadable body on a route without one. This needs the whole document, because a decorator knows neither
 * path nor body of its route.
 */
export function documentRefusals(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    if (path.includes('{')) add(item, METHODS, () => ['URI_TOO_LONG']);
    add(item, METHODS_WITH_BODY, ({ requestBody }) => (requestBody ? [] : UNREADABLE_BODY_PROBLEMS));
  }
  return document;
}

/** Documents the WWW-Authenticate header of every 401 (RFC 9110 section 11.6.1, RFC 6750 section 3). */
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
