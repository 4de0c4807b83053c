import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The query parameters of a push. A repeated parameter counts as absent. */
export type PushQuery = Readonly<Record<string, unknown>>;

/** A push as it arrived, so that it can be passed on unchanged (wechat-api-2.md section 15.7). */
export interface PushRequest {
  /** What stands after `?` in the URL, byte for byte. */
  readonly rawQuery: string;
  readonly query: PushQuery;
  /** As in the header; `null` without one. */
  readonly contentType: string | null;
  readonly body: Buffer;
}

/** The push of the current request. Its route needs `@RawBody()`. */
export const CurrentPush = createParamDecorator((_: unknown, context: ExecutionContext): PushRequest => {
  const { originalUrl, query, body, raw } = context.switchToHttp().getRequest<FastifyRequest>();
  const start = originalUrl.indexOf('?');
  return {
    rawQuery: start === -1 ? '' : originalUrl.slice(start + 1),
    query: typeof query === 'object' && query !== null ? { ...query } : {},
    // `request.headers` holds the type that was assumed where the sender gave none.
    contentType: raw.headersDistinct['content-type']?.[0] ?? null,
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
  };
});
