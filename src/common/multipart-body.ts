import { RouteConfig } from '@nestjs/platform-fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes multipart/form-data. */
    multipartBody?: boolean;
  }
}

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
