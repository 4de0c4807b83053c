import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { API_KEY_SCHEME, CLIENT_SCHEME } from './auth/api-key/api-key.guard.js';
import { ProblemReply, documentChallenges, documentRefusals } from './http/problem-docs.js';
import { documentLimits } from './rate-limit/rate-limit.decorator.js';

/** The OpenAPI document of all routes; `docs/openapi.json` holds the one of this version. */
export function createOpenApiDocument(app: INestApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setTitle('wechat-auth')
    .setDescription(
      'Logs people in with WeChat: mini programs, websites by QR code, pages inside WeChat. ' +
        'Log in by one of the routes below, then put the accessToken under "Authorize". ' +
        'Every error is application/problem+json with a stable `code`.',
    )
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addTag('mini program')
    .addTag('website')
    .addTag('tokens')
    .addTag('account')
    .addTag('message push')
    .addTag('operators')
    .addTag('running it')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Api-Key' }, API_KEY_SCHEME)
    .addBasicAuth(
      {
        type: 'http',
        scheme: 'basic',
        description:
          'Name and key of SERVICE_API_KEYS or ADMIN_API_KEYS; `client_id` and `client_secret` in the body as well.',
      },
      CLIENT_SCHEME,
    )
    .build();
  const document = SwaggerModule.createDocument(app, options, { extraModels: [ProblemReply] });
  return documentChallenges(documentLimits(documentRefusals(withOneMethod(document))));
}

/** A route of any method (`@All`) is documented by its GET; OpenAPI would list it eight times. */
function withOneMethod(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    // Nothing but such a route has a HEAD or an OPTIONS of its own here.
    if (item.get && item.options) document.paths[path] = { get: item.get };
  }
  return document;
}

/**
 * Swagger UI at /docs, the document at /docs/json. The module would serve the document as well, as JSON and as YAML,
 * but writes it anew for each request: up to 100 ms of the event loop for anybody who asks.
 */
export function serveDocs(app: NestFastifyApplication): void {
  const document = createOpenApiDocument(app);
  const json = Buffer.from(JSON.stringify(document));
  app
    .getHttpAdapter()
    .getInstance()
    .get('/docs/json', (_request, reply) => reply.type('application/json; charset=utf-8').send(json));
  SwaggerModule.setup('docs', app, document, {
    raw: false,
    swaggerOptions: { persistAuthorization: true },
  });
}
