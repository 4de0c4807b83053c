import type { FastifyReply } from 'fastify';

/**
 * Replies that leave one after the other at the end of a turn of the event loop. Sent at once, each would wake a client
 * that sleeps until it comes, which costs more than a token check. They are sent in the asynchronous scope of the first:
 * nothing that follows may ask for `requestContext()`.
 */
export class RepliesOfTurn {
  private readonly ready: FastifyReply[] = [];

  /** @param reply complete, without a body */
  add(reply: FastifyReply): void {
    this.ready.push(reply);
    if (this.ready.length === 1) setImmediate(() => this.send());
  }

  private send(): void {
    for (const reply of this.ready.splice(0)) void reply.send();
  }
}
