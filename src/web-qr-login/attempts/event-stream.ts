import type { FastifyReply } from 'fastify';
import type { AttemptState } from '../../attempt/attempt.js';
import type { Waiter } from './live-status.js';

/** How soon a browser whose stream ended asks again (ms). */
const RETRY_MS = 2_000;
/** What a browser has not read by now it will not read: it is gone, or nearly. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * A stream of Server-Sent Events (WHATWG HTML, section 9.2) to one browser. The event is `status`, its id the version
 * of the attempt.
 */
export class EventStream implements Waiter {
  private readonly raw: FastifyReply['raw'];

  /** Sends the head of the reply: from now on the reply is this stream's. */
  constructor(reply: FastifyReply) {
    reply.hijack();
    this.raw = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) this.raw.setHeader(name, value);
    }
    this.raw.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      // nginx would hold the events back.
      'X-Accel-Buffering': 'no',
    });
    this.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** @param gone called once, when the browser or the stream has gone */
  onGone(gone: () => void): void {
    // Behind another reply on its connection (pipelining) it would not hear of the connection's end.
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

/** The version of a Last-Event-ID header; `null` where there is none, or not one of ours. */
export function lastVersion(header: unknown): number | null {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : null;
}
