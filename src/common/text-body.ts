import { RouteConfig } from '@nestjs/platform-fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes its body as text, whether JSON or XML. */
    textBody?: boolean;
  }
}

/** Hands the body over as text: JSON unparsed, and XML, which no other route takes. */
export const TextBody = (): MethodDecorator => RouteConfig({ textBody: true });
