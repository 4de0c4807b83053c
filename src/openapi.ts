import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { API_KEY_SCHEME, CLIENT_SCHEME } from './auth/api-key/api-key.guard.js';
import { ProblemReply, documentChallenges, documentRefusals } from './http/problem-docs.js';
import { documentLimits } from './rate-limit/rate-limit.decorator.js';

const DESCRIPTION = `Logs people in with WeChat: in mini programs, on websites by QR code, and on pages inside WeChat.

**To try a route here**, start the service with its sandbox (\`npm start\`). A \`code\` comes from WeChat: in the sandbox choose "Get a code" under wx.login() at http://localhost:3001/phone, or ask for one:

\`curl -s http://localhost:3001/control/wx-login -H 'content-type: application/json' -d '{"person":"xiaoming"}'\`

Log in with it by \`POST /v1/mini-program/login\`, then put the \`accessToken\` of the reply under "Authorize".

**codeChallenge and codeVerifier** (PKCE, RFC 7636) bind a login to the client that began it: the client makes a random \`codeVerifier\`, sends BASE64URL(SHA-256(codeVerifier)) as \`codeChallenge\`, and redeems the \`loginCode\` with the \`codeVerifier\`. The examples are a matching pair.

**Errors** are \`application/problem+json\` (RFC 9457) with a stable \`code\`. Each operation lists its codes; docs/errors.md has cause and cure of all.`;

/**
 * Builds the OpenAPI document of all routes. `docs/openapi.json` contains it.
 * @param publicUrl PUBLIC_URL, the server of the document
 */
export function createOpenApiDocument(app: INestApplication, publicUrl: string): OpenAPIObject {
  const options = new DocumentBuilder()
    .setTitle('wechat-auth')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer(publicUrl, 'This service')
    .addTag(
      'mini program',
      'Logins by `wx.login`, open data, phone numbers, and scans that a person confirms in the mini program.',
    )
    .addTag(
      'website',
      'Logins in a browser: by a QR code, inside WeChat, and from a web view. They end in a `loginCode`.',
    )
    .addTag(
      'tokens',
      'Refresh, logout, verification, and the keys by which other services verify access tokens.',
    )
    .addTag(
      'account',
      'What people do with their own account: profile, WeChat identities, sessions, export, deletion.',
    )
    .addTag(
      'message push',
      "WeChat's pushes, such as events of withdrawn consent. WeChat calls these routes.",
    )
    .addTag(
      'WeChat app',
      'What other services may do with the WeChat app without its secrets: access token, tickets, signatures. They need `X-Api-Key`; pages in WeChat that use the JS-SDK do not.',
    )
    .addTag('operators', 'Users, events and keys, for operators. They need `X-Api-Key`.')
    .addTag(
      'partner apps',
      'OpenID Connect for other apps and companies, the consent of people, and the partners that operators register.',
    )
    .addTag('running it', 'Health checks and metrics.')
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
  return documentPublicRoutes(documentChallenges(documentLimits(documentRefusals(withOneMethod(document)))));
}

/** Marks public routes with an empty `security`. Without it, an operation's needs would be ambiguous. */
function documentPublicRoutes(document: OpenAPIObject): OpenAPIObject {
  for (const { get, post, put, patch, delete: remove } of Object.values(document.paths)) {
    for (const operation of [get, post, put, patch, remove]) if (operation) operation.security ??= [];
  }
  return document;
}

/**
 * Documents a route of any method (`@All`) by its GET: OpenAPI would list it eight times. Preflights are left out: a
 * browser sends them, no program.
 */
function withOneMethod(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    // Only a route of any method has its own HEAD here.
    if (item.get && item.head) document.paths[path] = { get: item.get };
    else delete item.options;
  }
  return document;
}

/**
 * Serves Swagger UI at /docs and the document at /docs/json. The document is made when it is first asked for: that takes
 * a tenth of a start. SwaggerModule's own document routes are off: they serialise the document again for each request,
 * which blocks the event loop for up to 100 ms.
 */
export function serveDocs(app: NestFastifyApplication, publicUrl: string): void {
  let made: OpenAPIObject | undefined;
  let json: Buffer | undefined;
  const document = (): OpenAPIObject => (made ??= createOpenApiDocument(app, publicUrl));
  app
    .getHttpAdapter()
    .getInstance()
    .get('/docs/json', (_request, reply) =>
      reply.type('application/json; charset=utf-8').send((json ??= Buffer.from(JSON.stringify(document())))),
    );
  SwaggerModule.setup('docs', app, document, {
    raw: false,
    swaggerOptions: { persistAuthorization: true },
  });
}
