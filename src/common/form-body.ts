import { RouteConfig } from '@nestjs/platform-fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes application/x-www-form-urlencoded. */
    formBody?: boolean;
  }
}

/** Takes application/x-www-form-urlencoded beside JSON, which no other route does. */
export const FormBody = (): MethodDecorator => RouteConfig({ formBody: true });
