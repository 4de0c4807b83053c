import { RouteConfig } from '@nestjs/platform-fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes its body as text, whether JSON or XML. */
    textBody?: boolean;
  }
}

/** The largest text that is taken: far more than any push of WeChat. */
export const TEXT_LIMIT_BYTES = 64 * 1024;

/** Hands the body over as text: JSON unparsed, and XML, which no other route takes. */
export const TextBody = (): MethodDecorator => RouteConfig({ textBody: true, bodyLimit: TEXT_LIMIT_BYTES });
