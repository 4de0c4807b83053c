import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import helmet from 'helmet';
import { v4 as uuidv4 } from 'uuid';
import { AppError } from '../common/app-error.js';
import { isTooDeep, MAX_JSON_DEPTH } from '../common/json-depth.js';
import { PROBLEM_JSON, toProblem } from '../common/problem.js';
import { type RequestFacts, runInRequestContext } from '../common/request-context.js';
import type { RouteTable } from '../common/route-table.js';
import type { AppConfig } from '../config/app-config.js';
import type { RequestLog } from './request-log.js';
import type { Shutdown } from './shutdown.js';

type FastifyOptions = NonNullable<ConstructorParameters<typeof FastifyAdapter>[0]>;

const BODY_LIMIT_BYTES = 256 * 1024;
const TEXT_LIMIT_BYTES = 64 * 1024;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Fastify as this service needs it. */
export function fastifyOptions(config: AppConfig, requests: RequestLog): FastifyOptions {
  return {
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
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
      const refusal = new AppError('BAD_REQUEST');
      const requestId = uuidv4();
      requests.malformed(requestId, refusal, error.code);
      const body = JSON.stringify(toProblem(refusal, requestId));
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nContent-Type: ${PROBLEM_JSON}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    },
  };
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
  routes: RouteTable,
  shutdown: Shutdown,
  requests: RequestLog,
): void {
  fastify.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('X-Request-Id', request.id);
    const facts: RequestFacts = {};
    // Not onResponse, which is not run where the client leaves early.
    reply.raw.once('close', () => requests.ended(request, reply, facts));
    runInRequestContext({ requestId: request.id, ip: request.ip, facts }, done);
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) void reply.header('Cache-Control', 'no-store');
    // A connection kept alive would hold up the end until its client lets go.
    if (shutdown.hasBegun) void reply.header('Connection', 'close');
    done(null, payload);
  });
  acceptJson(fastify);
  acceptText(fastify);
  refuseForms(fastify);
}

/** JSON is the only body taken. wx.request sends `application/json` also where there is no body; that is no body, not a broken one. */
function acceptJson(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (request.routeOptions.config.textBody) done(null, body);
    else if (body === '') done(null, undefined);
    else {
      void parse(request, body as string, (error, value?: unknown) => {
        if (error) done(error);
        else if (isTooDeep(value)) done(tooDeep());
        else done(null, value);
      });
    }
  });
}

function tooDeep(): AppError {
  return new AppError('MALFORMED_JSON', {
    detail: `The body is nested deeper than ${MAX_JSON_DEPTH} levels.`,
  });
}

/** XML, and JSON that calls itself text: for routes that take text, and for no other. */
function acceptText(fastify: FastifyInstance): void {
  const types = ['text/xml', 'application/xml', 'text/plain'];
  const options = { parseAs: 'string', bodyLimit: TEXT_LIMIT_BYTES } as const;
  fastify.addContentTypeParser(types, options, (request, body, done) => {
    if (request.routeOptions.config.textBody) done(null, body);
    else done(new AppError('UNSUPPORTED_MEDIA_TYPE'));
  });
}

/** What says of a form's content type whether a route takes it. */
const FORMS = [
  { type: /^multipart\//i, takes: 'multipartBody' },
  { type: /^application\/x-www-form-urlencoded\b/i, takes: 'formBody' },
] as const;

/** Forms: for routes that take their kind, and for no other. Their parsers are @fastify/multipart's and formbody's. */
function refuseForms(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, _payload, done) => {
    const form = FORMS.find(({ type }) => type.test(request.headers['content-type'] ?? ''));
    const isTaken = !form || request.is404 || request.routeOptions.config[form.takes];
    if (isTaken || ['GET', 'HEAD'].includes(request.method)) done();
    else done(new AppError('UNSUPPORTED_MEDIA_TYPE'));
  });
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
