import type { FastifyInstance } from 'fastify';
import type { Fault, FaultEffect } from '../state/faults.js';
import type { World } from '../state/world.js';
import { ControlError, Fields } from './body.js';

const FIELDS = [
  'endpoint',
  'times',
  'afterEffect',
  'delayMs',
  'errcode',
  'errmsg',
  'hang',
  'reset',
  'status',
];
const LONGEST_BODY = 64 * 1024 * 1024;

/**
 * - `POST /control/faults` `{ endpoint, times? (1), afterEffect? (false), delayMs?, and at most one of
 *   errcode (+ errmsg), hang: true, reset: true, status and/or body or bodyBase64 (+ contentType) }` -> `{ planned: Fault[] }`:
 *   the next `times` calls of the endpoint fail this way. With afterEffect the call takes effect first (the code
 *   is spent) and only its answer is lost or replaced. A delay may go with any of them. Several plans for
 *   one endpoint are played one after the other.
 * - `GET /control/faults` -> `{ planned: Fault[] }`
 * - `DELETE /control/faults` -> 204
 *
 * `endpoint` is a route: `/sns/jscode2session`, `/connect/qrconnect`, `/connect/qrcode/:uuid`, …
 */
export function registerFaults(server: FastifyInstance, world: World): void {
  server.get('/control/faults', () => ({ planned: world.faults.all() }));

  server.post('/control/faults', { bodyLimit: LONGEST_BODY }, (request) => {
    const fault = faultOf(new Fields(request.body).only(...FIELDS, 'body', 'bodyBase64', 'contentType'));
    if (!world.faults.knows(fault.endpoint)) {
      throw new ControlError(400, `"${fault.endpoint}" is no endpoint of WeChat in this sandbox.`);
    }
    world.faults.plan(fault);
    return { planned: world.faults.all() };
  });

  server.delete('/control/faults', (_request, reply) => {
    world.faults.reset();
    return reply.code(204).send();
  });
}

function faultOf(fields: Fields): Fault {
  const effects = effectsOf(fields);
  const [effect = { kind: 'none' }, another] = effects;
  const delayMs = fields.number('delayMs', 0) ?? 0;
  if (another) throw new ControlError(400, 'Give only one of errcode, hang, reset, and status or body.');
  if (effects.length === 0 && delayMs === 0) {
    throw new ControlError(400, 'Say what goes wrong: errcode, delayMs, hang, reset, status or body.');
  }
  return {
    endpoint: fields.required('endpoint'),
    times: fields.integer('times', 1) ?? 1,
    afterEffect: fields.flag('afterEffect') ?? false,
    delayMs,
    effect,
  };
}

function effectsOf(fields: Fields): FaultEffect[] {
  const effects: FaultEffect[] = [];
  const errcode = fields.integer('errcode');
  if (errcode !== undefined)
    effects.push({ kind: 'errcode', errcode, errmsg: fields.text('errmsg') ?? null });
  if (fields.flag('hang')) effects.push({ kind: 'hang' });
  if (fields.flag('reset')) effects.push({ kind: 'reset' });
  if (fields.has('status') || fields.has('body') || fields.has('bodyBase64')) {
    const status = fields.integer('status', 200) ?? 200;
    if (status > 599) throw new ControlError(400, '"status" must be from 200 to 599.');
    effects.push({
      kind: 'reply',
      status,
      body: bodyOf(fields),
      contentType: fields.text('contentType', 200) ?? 'text/html; charset=utf-8',
    });
  }
  return effects;
}

/** As text, or as bytes that are not UTF-8. */
function bodyOf(fields: Fields): Buffer {
  const bytes = fields.text('bodyBase64', LONGEST_BODY);
  return bytes === undefined
    ? Buffer.from(fields.text('body', LONGEST_BODY) ?? '')
    : Buffer.from(bytes, 'base64');
}
