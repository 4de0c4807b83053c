import type { FastifyInstance } from 'fastify';
import { AppError } from '../common/app-error.js';
import { RAW_LIMIT_BYTES } from './bodies.js';
import { jsonTextFault, MAX_JSON_DEPTH, MAX_JSON_VALUES } from './json-depth.js';
import { hasTooManyParameters, MAX_PARAMETERS, parseForm } from './parameters.js';
import { onRequestOf } from './route-hooks.js';

/**
 * Registers a parser for each media type that a route can accept. Other types are refused before the body is
 * read.
 */
export function registerBodyParsers(fastify: FastifyInstance): void {
  acceptJson(fastify);
  acceptRaw(fastify);
  acceptForms(fastify);
  refuseForms(fastify);
  ignoreBodies(fastify);
}

/**
 * JSON is the default type. wx.request sends `application/json` also without a body; an empty body counts as
 * absent, not as malformed.
 */
function acceptJson(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (request.routeOptions.config.rawBody) done(null, body);
    else if (body.length === 0) done(null, undefined);
    else {
      const text = body.toString();
      const fault = jsonFault(text);
      if (fault) done(fault);
      else void parse(request, text, done);
    }
  });
}

/** Checked before parsing: JSON with many members is slow to parse and slower to validate. */
function jsonFault(text: string): AppError | null {
  switch (jsonTextFault(text)) {
    case 'deep':
      return new AppError('MALFORMED_JSON', {
        detail: `The body is nested deeper than ${MAX_JSON_DEPTH} levels.`,
      });
    case 'many':
      return new AppError('PAYLOAD_TOO_LARGE', {
        detail: `The body holds more than ${MAX_JSON_VALUES} members and elements.`,
      });
    case null:
      return null;
  }
}

const OCTETS = 'application/octet-stream';

/** XML, and JSON that is sent as text or octets. Only for routes with a raw body. */
function acceptRaw(fastify: FastifyInstance): void {
  const types = ['text/xml', 'application/xml', 'text/plain', OCTETS];
  const options = { parseAs: 'buffer', bodyLimit: RAW_LIMIT_BYTES } as const;
  fastify.addContentTypeParser(types, options, (request, body, done) => {
    if (request.routeOptions.config.rawBody) done(null, body);
    else done(new AppError('UNSUPPORTED_MEDIA_TYPE'));
  });
  // A body without a type is octets (RFC 9110 section 8.3).
  onRequestOf(
    fastify,
    (config) => config.rawBody,
    ({ headers }, _reply, done) => {
      headers['content-type'] ??= OCTETS;
      done();
    },
  );
}

/** URL-encoded forms. `refuseForms` restricts them to the routes that accept them. */
function acceptForms(fastify: FastifyInstance): void {
  const type = 'application/x-www-form-urlencoded';
  fastify.addContentTypeParser(type, { parseAs: 'string' }, (request, body, done) => {
    const text = body as string;
    if (!hasTooManyParameters(text))
      done(null, request.routeOptions.config.formText ? text : parseForm(text));
    else done(new AppError('PAYLOAD_TOO_LARGE', { detail: `A form has at most ${MAX_PARAMETERS} fields.` }));
  });
}

/** The route setting that accepts a form, by content type. */
const FORMS = [
  { type: /^multipart\//i, takes: 'multipartBody' },
  { type: /^application\/x-www-form-urlencoded\b/i, takes: 'formBody' },
] as const;

/** Refuses forms on routes that do not accept their type. @fastify/multipart parses multipart forms. */
function refuseForms(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, _payload, done) => {
    const given = request.headers['content-type'];
    const form = given === undefined ? undefined : FORMS.find(({ type }) => type.test(given));
    const isTaken = !form || request.is404 || request.routeOptions.config[form.takes];
    if (isTaken || ['GET', 'HEAD'].includes(request.method)) done();
    else done(new AppError('UNSUPPORTED_MEDIA_TYPE'));
  });
}

const BODY_FIELDS = ['content-type', 'content-length', 'transfer-encoding'] as const;

/** A route that accepts anything neither waits for a body nor refuses one. Node discards it. */
function ignoreBodies(fastify: FastifyInstance): void {
  onRequestOf(
    fastify,
    (config) => config.answersAnything,
    ({ headers }, _reply, done) => {
      for (const name of BODY_FIELDS) {
        // An object that lost a property is slow to read.
        if (headers[name] !== undefined) Reflect.deleteProperty(headers, name);
      }
      done();
    },
  );
}
