import { applyDecorators } from '@nestjs/common';
import {
  ApiConsumes,
  ApiExtraModels,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiProperty,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import type { ErrorCode } from '../../common/error-catalogue.js';
import { OwnProtocol } from '../../http/bodies.js';
import { ApiProblems, type OtherError, UNREADABLE_BODY_PROBLEMS } from '../../http/problem-docs.js';

/** An error of OAuth (RFC 6749 section 5.2). */
export class OAuthErrorReply {
  @ApiProperty({
    description:
      'The code of the specification: `invalid_request`, `invalid_client`, `invalid_grant` and others.',
    example: 'invalid_grant',
  })
  error!: string;

  @ApiProperty({
    required: false,
    description: 'For the developer of the partner.',
    example: 'grant request is invalid',
  })
  error_description?: string;
}

/** What the document says of a route of the library. */
export interface OpenIdRoute {
  readonly summary: string;
  readonly operationId: string;
  readonly description: string;
  /** Status and description of the replies that are no errors. */
  readonly replies: Readonly<Record<number, string>>;
  /** A JSON reply to show with the first status. */
  readonly example?: object;
  /** The route answers people with pages. */
  readonly isPage?: true;
  /** The route takes a form. */
  readonly form?: Readonly<Record<string, unknown>>;
  /** Statuses with an OAuth error. */
  readonly oauthErrors?: readonly number[];
  readonly problems?: readonly ErrorCode[];
}

/** A route that the library answers: it gets forms as text, and is documented with errors by OAuth and by this service. */
export function OpenIdOperation(route: OpenIdRoute): MethodDecorator {
  const {
    summary,
    operationId,
    description,
    replies,
    example,
    isPage,
    form,
    oauthErrors = [],
    problems = [],
  } = route;
  const [first] = Object.keys(replies);
  return applyDecorators(
    OwnProtocol(),
    ApiOperation({
      summary,
      operationId,
      description,
      ...(form && {
        requestBody: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': {
              schema: {
                type: 'object',
                properties: Object.fromEntries(
                  Object.keys(form).map((name) => [name, { type: 'string' as const }]),
                ),
              },
              example: form,
            },
          },
        },
      }),
    }),
    ...(form ? [ApiConsumes('application/x-www-form-urlencoded')] : []),
    ApiProduces(isPage ? 'text/html' : 'application/json'),
    ...Object.entries(replies).map(([status, text]) =>
      ApiResponse({
        status: Number(status),
        description: text,
        ...(example &&
          status === first && { content: { 'application/json': { schema: { type: 'object' }, example } } }),
      }),
    ),
    ApiExtraModels(OAuthErrorReply),
    ApiProblems(
      { others: Object.fromEntries(oauthErrors.map((status) => [status, isPage ? PAGE : OAUTH_ERROR])) },
      'DATABASE_UNAVAILABLE',
      'STORE_UNAVAILABLE',
      ...(form ? UNREADABLE_BODY_PROBLEMS : []),
      ...problems,
    ),
  );
}

const OAUTH_ERROR: OtherError = {
  description: 'Or an error of OAuth.',
  content: { 'application/json': { schema: { $ref: getSchemaPath(OAuthErrorReply) } } },
};
const PAGE: OtherError = {
  description: 'Or a page that says what is wrong; an error of OAuth for a client that does not accept HTML.',
  content: { 'text/html': { schema: { type: 'string' } }, ...OAUTH_ERROR.content },
};

/** What the document says of a query parameter. */
interface DescribedParameter {
  readonly description: string;
  readonly optional?: true;
  readonly example?: string;
}

/** Documents the query of a route of the library. */
export function OpenIdParameters(parameters: Readonly<Record<string, DescribedParameter>>): MethodDecorator {
  return applyDecorators(
    ...Object.entries(parameters).map(([name, { description, optional = false, example }]) =>
      ApiQuery({
        name,
        description,
        required: !optional,
        schema: { type: 'string', ...(example !== undefined && { example }) },
      }),
    ),
  );
}

/** Documents the id of an interaction in a path. */
export const ApiUid = (): MethodDecorator =>
  ApiParam({
    name: 'uid',
    description: 'Of the login; a cookie binds it to the browser.',
    schema: { type: 'string', example: 'bwc4JK-ESC0w8acc191e-Y1LTC2' },
  });
