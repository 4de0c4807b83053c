import { STATUS_CODES } from 'node:http';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { v4 as uuidv4 } from 'uuid';
import { AppError } from '../common/app-error.js';
import { BODY_LIMIT_BYTES } from '../http/bodies.js';
import { registerBodyParsers } from '../http/body-parsers.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { withFewParameters } from '../http/parameters.js';
import { PROBLEM_JSON, toProblem } from '../http/problem.js';
import { type RequestFacts, runInRequestContext } from '../http/request-context.js';
import type { RouteTable } from '../http/route-table.js';
import { findKey } from '../crypto/secret.js';
import type { ApiKey, AppConfig } from '../config/app-config.js';
import { ClientAddresses } from '../http/client-address.js';
import type { Cors } from './cors.js';
import type { RequestLog } from './request-log.js';
import type { Shutdown } from './shutdown.js';
import { standingResponse, StandingResponse } from './standing-fields.js';

type FastifyOptions = NonNullable<ConstructorParameters<typeof FastifyAdapter>[0]>;

declare module 'fastify' {
  interface FastifyRequest {
    /** What `request.ip` returns: the address that ClientAddresses determines. */
    clientAddress: string;
  }
}

/**
 * Time limits for the arrival of a request (ms): its header fields, and the whole request. A picture of 2 MiB
 * needs 70 kB/s.
 */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
/** How often Node checks connections for these limits (ms). */
const TIMEOUT_CHECK_MS = 2_000;
/** Maximum connections per instance: ten thousand waiting browsers, and as many for other requests. */
const MAX_CONNECTIONS = 20_000;

/** Our codes for Node's connection errors. The default is BAD_REQUEST. */
const CONNECTION_FAULTS: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
};

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Fastify options of this service. */
export function fastifyOptions(requests: RequestLog, config: Pick<AppConfig, 'publicUrl'>): FastifyOptions {
  return {
    // No middleware of Express is in use, so no hook has to look for one.
    skipMiddie: true,
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    // ClientAddresses determines the client address. proxy-addr would return unvalidated header values.
    trustProxy: false,
    rewriteUrl: ({ url = '/' }) => withFewParameters(withoutPushSlash(url)),
    requestTimeout: REQUEST_MS,
    http: {
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      ServerResponse: standingResponse(config),
    },
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : uuidv4();
    },
    // During shutdown accepted requests are answered, also on open connections.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      const refusal = new AppError(error.statusCode === 414 ? 'URI_TOO_LONG' : 'BAD_REQUEST');
      requests.invalidUrl(request as FastifyRequest, refusal);
      void problem(reply as FastifyReply, request.id, refusal);
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) {
        requests.connectionClosed(error.code);
        return;
      }
      const refusal = new AppError(CONNECTION_FAULTS[error.code] ?? 'BAD_REQUEST');
      const requestId = uuidv4();
      requests.invalidHttp(requestId, refusal, error.code);
      const body = JSON.stringify(toProblem(refusal, requestId));
      socket.end(
        `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\nContent-Type: ${PROBLEM_JSON}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    },
  };
}

/** Two characters that are valid in JSON, but end a line in scripts. */
const LINE_ENDS = /[\u2028\u2029]/;

/** Escapes these characters in JSON replies. Other replies are unchanged. */
function withoutLineEnds(payload: string, reply: FastifyReply): string {
  if (!/\bjson\b/.test(String(reply.getHeader('content-type')))) return payload;
  return payload.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** Some people enter the URL of the message push with a trailing slash in WeChat's console. */
function withoutPushSlash(url: string): string {
  return url.replace(/^(\/v1\/wechat\/events\/[^/?#]+)\/(?=\?|$)/, '$1');
}

/**
 * Registers CORS, request ids, the request context, the log line of each request, and `no-store` as the default of
 * Cache-Control.
 */
export function registerRequestHooks(
  fastify: FastifyInstance,
  config: AppConfig,
  routes: RouteTable,
  shutdown: Shutdown,
  requests: RequestLog,
  cors: Cors,
): void {
  fastify.server.maxConnections = MAX_CONNECTIONS;
  fastify.addHook('onRoute', (route) => {
    routes.add(route.method, route.url);
    route.bodyLimit = route.config?.bodyLimit ?? BODY_LIMIT_BYTES;
  });
  const addresses = new ClientAddresses(config.trustedProxies);
  // A property that each request defines anew would cost ten times this one.
  fastify.decorateRequest('clientAddress', '');
  fastify.decorateRequest('ip', {
    getter(this: FastifyRequest) {
      return this.clientAddress;
    },
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    // Read once: Fastify makes this object anew each time.
    const { url, config: route } = request.routeOptions;
    if (route.ownCors) withoutCorsFields(reply);
    else if (cors.answers(request, reply, route.answersAnything === true)) return;
    void reply.header('x-request-id', request.id);
    const facts: RequestFacts = {};
    // onResponse is not called if the client disconnects early.
    reply.raw.on('close', () => requests.finished(request, url ?? null, reply, facts));
    const apiKey = apiKeyOf(request, config);
    const { remoteAddress } = request.raw.socket;
    const ip = addresses.find(remoteAddress, forwardedFor(request.headers, apiKey), apiKey !== null);
    // For `@Ip()` and other users of Fastify's `request.ip`.
    request.clientAddress = ip;
    runInRequestContext({ requestId: request.id, ip, apiKey, facts }, done);
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    // An open keep-alive connection would delay the shutdown until the client closes it.
    if (shutdown.endsConnections) void reply.header('Connection', 'close');
    done(
      null,
      typeof payload === 'string' && LINE_ENDS.test(payload) ? withoutLineEnds(payload, reply) : payload,
    );
  });
  registerBodyParsers(fastify);
}

/**
 * The address headers of proxies, or of a program with a valid API key. A proxy that overwrites
 * X-Forwarded-For may keep the received value in X-Original-Forwarded-For (as deploy/nginx and ingress-nginx
 * do). That header is read only for such programs.
 */
function forwardedFor(headers: FastifyRequest['headers'], apiKey: ApiKey | null): string | undefined {
  const names = apiKey ? ['x-original-forwarded-for', 'x-forwarded-for'] : ['x-forwarded-for'];
  // Node joins repeated header fields.
  const values = names.map((name) => headers[name]).filter((value) => typeof value === 'string');
  return values.length === 0 ? undefined : values.join(',');
}

/** Those of the route itself remain. */
function withoutCorsFields({ raw }: FastifyReply): void {
  if (raw instanceof StandingResponse) raw.sendsCorsFields = false;
}

function apiKeyOf({ headers }: FastifyRequest, { apiKeys }: AppConfig): ApiKey | null {
  const given = headers['x-api-key'];
  return typeof given === 'string' ? findKey(apiKeys, given) : null;
}

async function problem(reply: FastifyReply, requestId: string, error: AppError): Promise<void> {
  // Fastify's hooks have not run, so the common headers are set here.
  await reply
    .status(error.status)
    .header('X-Request-Id', requestId)
    .header('Cache-Control', 'no-store')
    .type(PROBLEM_JSON)
    .send(toProblem(error, requestId));
}
