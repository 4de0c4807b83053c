import { IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import helmet from 'helmet';
import { v4 as uuidv4 } from 'uuid';
import { AppError } from '../common/app-error.js';
import { BODY_LIMIT_BYTES } from '../http/bodies.js';
import { registerBodyParsers } from '../http/body-parsers.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { withFewParameters } from '../http/parameters.js';
import { PROBLEM_JSON, toProblem } from '../http/problem.js';
import { type RequestFacts, runInRequestContext } from '../http/request-context.js';
import type { RouteTable } from '../http/route-table.js';
import { keyGiven } from '../crypto/secret.js';
import type { ApiKey, AppConfig } from '../config/app-config.js';
import { ClientAddresses } from '../http/client-address.js';
import type { RequestLog } from './request-log.js';
import type { Shutdown } from './shutdown.js';

type FastifyOptions = NonNullable<ConstructorParameters<typeof FastifyAdapter>[0]>;
type CorsOptions = NonNullable<Parameters<FastifyAdapter['enableCors']>[0]>;

/** How long a request may take to arrive (ms): its header fields, and all of it. A picture of 2 MiB needs 70 kB/s. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
/** How often Node looks for connections that are beyond that. */
const LOOK_EVERY_MS = 2_000;
/** Connections of one instance: ten thousand browsers that wait, and as many that do something. */
const MAX_CONNECTIONS = 20_000;

/** What Node's errors of a connection are answered with; BAD_REQUEST where nothing stands here. */
const CONNECTION_FAULTS: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
};

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Fastify as this service needs it. */
export function fastifyOptions(requests: RequestLog): FastifyOptions {
  return {
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    // The address of a client is found by ClientAddresses: proxy-addr passes on whatever a header says.
    trustProxy: false,
    rewriteUrl: ({ url = '/' }) => withFewParameters(withoutPushSlash(url)),
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: LOOK_EVERY_MS },
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : uuidv4();
    },
    // What was accepted is answered: requests on open connections too, while the server stops.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      const refusal = new AppError(error.statusCode === 414 ? 'URI_TOO_LONG' : 'BAD_REQUEST');
      requests.unreadable(request as FastifyRequest, refusal);
      void problem(reply as FastifyReply, request.id, refusal);
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) {
        requests.broken(error.code);
        return;
      }
      const refusal = new AppError(CONNECTION_FAULTS[error.code] ?? 'BAD_REQUEST');
      const requestId = uuidv4();
      requests.malformed(requestId, refusal, error.code);
      const body = JSON.stringify(toProblem(refusal, requestId));
      socket.end(
        `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\nContent-Type: ${PROBLEM_JSON}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    },
  };
}

/** Two characters that JSON allows and scripts take for the end of a line. */
const LINE_ENDS = /[\u2028\u2029]/;

/** JSON with these escaped; other replies as they are. */
function withoutLineEnds(payload: string, reply: FastifyReply): string {
  if (!/\bjson\b/.test(String(reply.getHeader('content-type')))) return payload;
  return payload.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** People type a slash behind the address of the message push into WeChat's console. */
function withoutPushSlash(url: string): string {
  return url.replace(/^(\/v1\/wechat\/events\/[^/?#]+)\/(?=\?|$)/, '$1');
}

/**
 * What browsers are told of every reply. helmet says it, once: the same fields stand on every reply, and Fastify writes
 * them faster than setHeader() does.
 */
export function registerSecurityFields(
  fastify: FastifyInstance,
  { publicUrl }: Pick<AppConfig, 'publicUrl'>,
): void {
  const secure = helmet({
    contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
    // For this host alone: what its neighbours speak is not ours to say.
    strictTransportSecurity: publicUrl.startsWith('https:') ? { includeSubDomains: false } : false,
  });
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  secure(request, response, (fault) => {
    if (fault instanceof Error) throw fault;
  });
  const fields = response.getHeaders();
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(fields);
    done();
  });
}

/** Request ids, the context of each request, its line in the log, no caching unless a route says so. */
export function registerRequestHooks(
  fastify: FastifyInstance,
  config: AppConfig,
  routes: RouteTable,
  shutdown: Shutdown,
  requests: RequestLog,
): void {
  fastify.server.maxConnections = MAX_CONNECTIONS;
  fastify.addHook('onRoute', (route) => {
    routes.add(route.method, route.url);
    route.bodyLimit = route.config?.bodyLimit ?? BODY_LIMIT_BYTES;
  });
  const addresses = new ClientAddresses(config.trustedProxies);
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('X-Request-Id', request.id);
    const facts: RequestFacts = {};
    // Not onResponse, which is not run where the client leaves early.
    reply.raw.once('close', () => requests.ended(request, reply, facts));
    const apiKey = apiKeyOf(request, config);
    const { remoteAddress } = request.raw.socket;
    const ip = addresses.find(remoteAddress, forwardedFor(request.headers, apiKey), apiKey !== null);
    // For `@Ip()` and whoever else asks Fastify.
    Object.defineProperty(request, 'ip', { value: ip });
    runInRequestContext({ requestId: request.id, ip, apiKey, facts }, done);
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) void reply.header('Cache-Control', 'no-store');
    // A connection kept alive would hold up the end until its client lets go.
    if (shutdown.endsConnections) void reply.header('Connection', 'close');
    done(
      null,
      typeof payload === 'string' && LINE_ENDS.test(payload) ? withoutLineEnds(payload, reply) : payload,
    );
  });
  registerBodyParsers(fastify);
}

/**
 * What proxies, or a program with a good key, say of addresses. A proxy that overwrites X-Forwarded-For may keep what it
 * was sent in X-Original-Forwarded-For (as deploy/nginx and ingress-nginx do): for nobody but such programs.
 */
function forwardedFor(headers: FastifyRequest['headers'], apiKey: ApiKey | null): string | undefined {
  const names = apiKey ? ['x-original-forwarded-for', 'x-forwarded-for'] : ['x-forwarded-for'];
  // Node joins several fields of one name.
  const said = names.map((name) => headers[name]).filter((value) => typeof value === 'string');
  return said.length === 0 ? undefined : said.join(',');
}

function apiKeyOf({ headers }: FastifyRequest, { apiKeys }: AppConfig): ApiKey | null {
  const given = headers['x-api-key'];
  return typeof given === 'string' ? keyGiven(apiKeys, given) : null;
}

/**
 * CORS with credentials for these origins and no others. An OPTIONS that is no preflight is answered like one, not with
 * the plugin's text/plain; where a route answers it itself, a preflight alone is: a proxy that asks whether the token of
 * an OPTIONS is good must not hear 204.
 */
export function corsFor(origins: string[]): CorsOptions {
  const options: CorsOptions = {
    origin: origins,
    // All that routes have: the plugin by itself allows GET, HEAD and POST.
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    credentials: true,
    strictPreflight: false,
    // X-Attempt-Secret and Last-Event-ID with the rest: what a client asks for is allowed.
    exposedHeaders: ['X-Request-Id', 'Retry-After', 'RateLimit-Policy', 'RateLimit'],
    maxAge: 600,
  };
  return {
    delegator: ({ headers, routeOptions }, done) => {
      const isPreflight = Boolean(headers.origin && headers['access-control-request-method']);
      const isOwn = routeOptions.config.answersAnything && !isPreflight;
      done(null, isOwn ? { ...options, preflight: false } : options);
    },
  };
}

async function problem(reply: FastifyReply, requestId: string, error: AppError): Promise<void> {
  // The hooks have not run: what they say of every reply stands here too.
  await reply
    .status(error.status)
    .header('X-Request-Id', requestId)
    .header('Cache-Control', 'no-store')
    .type(PROBLEM_JSON)
    .send(toProblem(error, requestId));
}
