import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import { Connections, type ConnectOptions } from './connect.js';
import { untilAborted } from './until-aborted.js';

/** A call to somewhere else. */
export interface OutgoingRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | null;
  /** The deadline of the caller: for the name, the connection, TLS, the head and the body. */
  readonly signal: AbortSignal;
}

/** An answer whose body is still to come; it must be read to its end or destroyed. */
export interface OutgoingAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

/** How a client connects, and what it takes. */
export interface HttpClientOptions extends ConnectOptions {
  /** A body that is larger fails with the code UND_ERR_RES_EXCEEDED_MAX_SIZE. */
  readonly maxBytes?: number;
}

/** Behind the deadlines of the callers, for a connection that somebody forgot (ms). */
const SILENCE_MS = 15_000;

/** HTTP/1.1 to somewhere else, with connections that are kept alive. Nothing is redirected or unpacked. */
export class HttpClient {
  private readonly connections: Connections;
  private readonly agent: Agent;

  constructor({ maxBytes, ...connect }: HttpClientOptions) {
    this.connections = new Connections(connect);
    this.agent = new Agent({
      connect: this.connections.connector(),
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
      ...(maxBytes === undefined ? {} : { maxResponseSize: maxBytes }),
    });
  }

  /**
   * Sends a request. A request whose signal aborts before it has a connection is never sent.
   * @throws NotConnected when nothing was sent; the reason of the signal; else an error with a `code`
   */
  request({ url, method, headers, body = null, signal }: OutgoingRequest): Promise<OutgoingAnswer> {
    const sent = this.agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      body,
      signal,
    });
    const answered = sent.then((answer) => ({
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body,
    }));
    // undici looks at the signal only once there is a connection.
    return untilAborted(answered, signal, ({ body: late }) => late.destroy());
  }

  /** Closes all connections at once; calls under way fail. */
  async close(): Promise<void> {
    this.connections.abandon();
    await this.agent.destroy();
  }
}

/** What the rest of an unwanted answer may take (ms). */
const REST_MS = 1_000;

/** Reads an unwanted body away, so that its connection serves again; one that does not end soon costs it. */
export function discard(body: Readable): void {
  const patience = setTimeout(() => body.destroy(), REST_MS).unref();
  body
    .on('error', () => undefined)
    .once('close', () => clearTimeout(patience))
    .resume();
}
