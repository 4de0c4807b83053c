import { RouteConfig } from '@nestjs/platform-fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The largest body that the route takes, in bytes. */
    bodyLimit?: number;
    /** The route answers every request: no body is parsed or refused, and it answers an OPTIONS that is no preflight. */
    answersAnything?: boolean;
    /** The route takes its body as text, whether JSON or XML. */
    textBody?: boolean;
    /** The route takes application/x-www-form-urlencoded. */
    formBody?: boolean;
    /** The route takes multipart/form-data. */
    multipartBody?: boolean;
  }
}

/** The largest body of a route that says nothing else: no request of a login needs a tenth of it. */
export const BODY_LIMIT_BYTES = 16 * 1024;

/** Encrypted open data (65,536 characters of base64, some of them escaped) with the rawData beside it. */
export const OPEN_DATA_LIMIT_BYTES = 128 * 1024;

/** Lets a route take a larger body than {@link BODY_LIMIT_BYTES}. Only one of these decorators counts on a route. */
export const BodyLimit = (bytes: number): MethodDecorator => RouteConfig({ bodyLimit: bytes });

/** For a route that answers whatever comes along: any body, of any type and length, and OPTIONS like the rest. */
export const AnswersAnything = (): MethodDecorator => RouteConfig({ answersAnything: true });

/** The largest text that is taken: far more than any push of WeChat. */
export const TEXT_LIMIT_BYTES = 64 * 1024;

/** Hands the body over as text: JSON unparsed, and XML, which no other route takes. */
export const TextBody = (): MethodDecorator => RouteConfig({ textBody: true, bodyLimit: TEXT_LIMIT_BYTES });

/** Takes application/x-www-form-urlencoded beside JSON, which no other route does. */
export const FormBody = (): MethodDecorator => RouteConfig({ formBody: true });

/** The largest file that is taken. */
export const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** What a form may hold (RFC 7578): one file, and the few fields that a client sends along. */
export const MULTIPART_LIMITS = {
  fileSize: MAX_FILE_BYTES,
  files: 1,
  fields: 10,
  parts: 11,
  fieldSize: 1024,
};

/** Takes multipart/form-data, which no other route does. */
export const MultipartBody = (): MethodDecorator => RouteConfig({ multipartBody: true });
