import { RouteConfig } from '@nestjs/platform-fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Maximum body size of the route in bytes. */
    bodyLimit?: number;
    /**
     * The route answers every request: no body is parsed or refused, and an OPTIONS request that is not a
     * preflight reaches it.
     */
    answersAnything?: boolean;
    /** The route receives its body as bytes: JSON, XML, text, or of no known type. */
    rawBody?: boolean;
    /** The route accepts application/x-www-form-urlencoded. */
    formBody?: boolean;
    /** The route receives the form as text. */
    formText?: boolean;
    /** The route accepts multipart/form-data. */
    multipartBody?: boolean;
    /** The route answers preflights and sets the fields of CORS itself. */
    ownCors?: boolean;
  }
}

/** Default body limit. No request of a login needs a tenth of it. */
export const BODY_LIMIT_BYTES = 16 * 1024;

/** Body limit for encrypted open data (65,536 characters of base64, some of them escaped) and its rawData. */
export const OPEN_DATA_LIMIT_BYTES = 128 * 1024;

/** Maximum size of a payload that is signed, in bytes. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;

/** Body limit for such a payload: JSON escapes most of its characters by at most four times their bytes. */
export const PAYLOAD_LIMIT_BYTES = 4 * MAX_PAYLOAD_BYTES;

/**
 * Raises the body limit of a route above {@link BODY_LIMIT_BYTES}. Use only one of these decorators on a
 * route.
 */
export const BodyLimit = (bytes: number): MethodDecorator => RouteConfig({ bodyLimit: bytes });

/** Maximum size of a raw body, far larger than any push of WeChat. */
export const RAW_LIMIT_BYTES = 64 * 1024;

/**
 * Passes the body to the route as the bytes that arrived: JSON unparsed, and XML, text and octets, which no
 * other route accepts.
 */
export const RawBody = (): MethodDecorator => RouteConfig({ rawBody: true, bodyLimit: RAW_LIMIT_BYTES });

/** Accepts application/x-www-form-urlencoded besides JSON. No other route does. */
export const FormBody = (): MethodDecorator => RouteConfig({ formBody: true });

/**
 * For a protocol whose implementation parses forms and decides on CORS itself: the route receives a form as text, and
 * an OPTIONS request reaches it.
 */
export const OwnProtocol = (): MethodDecorator =>
  RouteConfig({ formBody: true, formText: true, ownCors: true });

/** Maximum size of an uploaded file. */
export const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** Limits of a multipart form (RFC 7578): one file and a few fields. */
export const MULTIPART_LIMITS = {
  fileSize: MAX_FILE_BYTES,
  files: 1,
  fields: 10,
  parts: 11,
  fieldSize: 1024,
};

/** Accepts multipart/form-data. No other route does. */
export const MultipartBody = (): MethodDecorator => RouteConfig({ multipartBody: true });
