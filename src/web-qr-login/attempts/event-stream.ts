import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AttemptState } from '../../attempt/attempt.js';
import { releasedConnection } from '../../http/released-connection.js';
import type { Waiter } from './live-status.js';

/** Delay before a browser reconnects after the stream has ended (ms). */
const RETRY_MS = 2_000;
const RETRY = `retry: ${RETRY_MS}\n\n`;
/** Unread bytes at which the browser is taken to have disconnected. */
const MAX_UNREAD_BYTES = 64 * 1024;
/** A heartbeat is a comment. All streams send the same bytes. */
const BEAT = ':\n\n';
const BEAT_BYTES = Buffer.from(BEAT);
const BEAT_CHUNK = Buffer.from(chunk(BEAT));

/**
 * A stream of Server-Sent Events (WHATWG HTML, section 9.2) to one browser. The event is named `status`, and
 * its id is the version of the attempt. An instance has ten thousand of them, so a stream is no more than its
 * connection (docs/decisions/065-a-waiting-browser-is-a-connection.md).
 */
export class EventStream implements Waiter {
  private hasEnded = false;

  /** @param isChunked whether the client understands HTTP/1.1; to others the end of the stream is that of the connection */
  private constructor(
    private readonly socket: Socket,
    private readonly isChunked: boolean,
  ) {}

  /**
   * Sends the header, and takes the connection.
   * @returns `null` if no stream follows: to HEAD, to a client that has disconnected, or to a pipelined request
   */
  static open({ method }: Pick<FastifyRequest, 'method'>, reply: FastifyReply): EventStream | null {
    reply.hijack();
    const { raw } = reply;
    if (raw.destroyed) return null;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
    raw.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      // Turns off the buffering of nginx.
      'X-Accel-Buffering': 'no',
      // Nothing reads a further request from the connection.
      Connection: 'close',
    });
    raw.flushHeaders();
    const isFollowed = method !== 'HEAD' && raw.socket !== null;
    const socket = isFollowed ? releasedConnection(raw) : null;
    if (socket === null) {
      raw.end(method === 'HEAD' ? undefined : RETRY);
      return null;
    }
    const stream = new EventStream(socket, raw.chunkedEncoding);
    // Sent together with the first status.
    socket.cork();
    process.nextTick(uncork, socket);
    stream.write(RETRY);
    return stream;
  }

  /**
   * @param gone called once, when the browser disconnects or the stream ends, with whether the browser was first
   */
  onGone(gone: (isAborted: boolean) => void): void {
    const { socket } = this;
    // Its end is its close.
    socket.on('error', ignore);
    // A socket whose other side has ended ends by itself, too.
    socket.on('close', () => gone(!this.hasEnded || !socket.writableFinished));
    // Reads the end of the connection; other bytes are dropped.
    socket.resume();
  }

  tell(state: AttemptState, version: number): void {
    this.write(`id: ${version}\nevent: status\ndata: ${JSON.stringify(state)}\n\n`);
  }

  beat(): void {
    this.send(this.isChunked ? BEAT_CHUNK : BEAT_BYTES);
  }

  end(): void {
    this.hasEnded = true;
    if (this.isChunked) this.send('0\r\n\r\n');
    this.socket.destroySoon();
  }

  private write(text: string): void {
    this.send(this.isChunked ? chunk(text) : text);
  }

  private send(bytes: string | Buffer): void {
    const { socket } = this;
    if (socket.writableEnded || socket.destroyed) return;
    socket.write(bytes);
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
  }
}

/** Returns the version in a Last-Event-ID header; `null` if it is missing or malformed. */
export function lastVersion(header: unknown): number | null {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : null;
}

/** A chunk of HTTP/1.1 (RFC 9112 section 7.1). */
function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

function uncork(socket: Socket): void {
  socket.uncork();
}

function ignore(): void {
  // See `onGone`.
}
