import { RouteConfig } from '@nestjs/platform-fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The largest body that the route takes, in bytes. */
    bodyLimit?: number;
    /** The route answers every request: no body is parsed or refused, and an OPTIONS without a preflight is its own. */
    answersAnything?: boolean;
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
