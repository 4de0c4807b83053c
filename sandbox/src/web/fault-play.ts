import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { contentTypeOf, failure, familyOf } from '../api/errors.js';
import type { Fault } from '../state/faults.js';
import type { World } from '../state/world.js';

/** Applies a fault instead of the call, which then has no effect. After a plain delay the call is handled normally. */
export async function playBefore(fault: Fault, reply: FastifyReply, world: World): Promise<void> {
  await wait(fault);
  if (fault.effect.kind === 'none') return;
  if (fault.effect.kind === 'hang' || fault.effect.kind === 'reset') {
    // Fastify never sends a hijacked reply: the connection stays open until one side closes it.
    reply.hijack();
    if (fault.effect.kind === 'reset') reply.raw.socket?.resetAndDestroy();
    return;
  }
  await reply.send(replacement(fault, reply, world));
}

/** Plays a fault on the reply of a call that took effect. Returns the new body, or undefined to keep it. */
export async function playAfter(
  fault: Fault,
  reply: FastifyReply,
  world: World,
): Promise<Buffer | undefined> {
  await wait(fault);
  if (fault.effect.kind === 'reset') reply.raw.socket?.resetAndDestroy();
  if (fault.effect.kind === 'hang') await new Promise<never>(() => undefined);
  return replacement(fault, reply, world);
}

async function wait(fault: Fault): Promise<void> {
  // Unreferenced: a planned delay must not keep the process alive after close().
  if (fault.delayMs > 0) await sleep(fault.delayMs, undefined, { ref: false });
}

/** Sets status and headers of the fault's reply and returns its body. */
function replacement(fault: Fault, reply: FastifyReply, world: World): Buffer | undefined {
  const { effect, endpoint } = fault;
  if (effect.kind === 'reply') {
    void reply.code(effect.status).header('content-type', effect.contentType);
    return effect.body;
  }
  if (effect.kind === 'errcode') {
    const family = familyOf(endpoint);
    void reply.code(200).header('content-type', contentTypeOf(family));
    return Buffer.from(JSON.stringify(failure(effect.errcode, family, world.clock.now(), effect.errmsg)));
  }
  return undefined;
}
