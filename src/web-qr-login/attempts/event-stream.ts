import type { FastifyReply } from 'fastify';
import type { AttemptState } from '../../attempt/attempt.js';
import type { Waiter } from './live-status.js';

/** Delay before a browser reconnects after the stream has ended (ms). */
const RETRY_MS = 2_000;
/** Unread bytes at which the browser is taken to have disconnected. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * A stream of Server-Sent Events (WHATWG HTML, section 9.2) to one browser. The event is named `status`, and
 * its id is the version of the attempt.
 */
export class EventStream implements Waiter {
  private readonly raw: FastifyReply['raw'];

  /** Takes over the reply and sends its header. */
  constructor(reply: FastifyReply) {
    reply.hijack();
    this.raw = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) this.raw.setHeader(name, value);
    }
    this.raw.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      // Turns off the buffering of nginx.
      'X-Accel-Buffering': 'no',
    });
    this.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** @param gone called once, when the browser disconnects or the stream ends */
  onGone(gone: () => void): void {
    // A pipelined request that waits behind another reply is not told when its connection closes.
    if (this.raw.socket === null) this.end();
    if (this.raw.destroyed || this.raw.writableEnded) gone();
    else this.raw.once('close', gone);
  }

  tell(state: AttemptState, version: number): void {
    this.write(`id: ${version}\nevent: status\ndata: ${JSON.stringify(state)}\n\n`);
  }

  beat(): void {
    this.write(':\n\n');
  }

  end(): void {
    this.raw.end();
  }

  private write(text: string): void {
    if (this.raw.writableEnded || this.raw.destroyed) return;
    this.raw.write(text);
    if (this.raw.writableLength > MAX_UNREAD_BYTES) this.raw.destroy();
  }
}

/** Returns the version in a Last-Event-ID header; `null` if it is missing or malformed. */
export function lastVersion(header: unknown): number | null {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : null;
}
