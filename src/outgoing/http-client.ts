import type { LookupFunction, Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { untilAborted } from './until-aborted.js';

/** A forward proxy for calls by https, from HTTPS_PROXY and NO_PROXY. */
export interface ForwardProxy {
  /** http or https; with user and password where the proxy asks for them. */
  readonly url: string;
  /** Hosts that are called directly: `example.com` and `.example.com` with their subdomains, `host:port`, `*`. */
  readonly except: readonly string[];
}

/** How a client connects, and how much it accepts. */
export interface HttpClientOptions {
  /** Resolves the host names of servers that are called directly. IP addresses in URLs are not looked up. */
  readonly lookup: LookupFunction;
  /** Limit for a connection in milliseconds: name, TCP, the proxy's tunnel and TLS together. */
  readonly connectMs: number;
  /** For calls by https; none where absent. The proxy resolves the names of the servers. */
  readonly proxy?: ForwardProxy | null;
  /** Resolves the host name of the proxy; `lookup` where absent. */
  readonly proxyLookup?: LookupFunction;
  /** A certificate authority in PEM, in place of those that Node trusts. */
  readonly ca?: string;
  /** A larger body fails with the code UND_ERR_RES_EXCEEDED_MAX_SIZE. */
  readonly maxBytes?: number;
}

/** A call to another service. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | null;
  /** Path and query as they are sent, where `url` would encode them anew. */
  readonly target?: string;
  /** The deadline of the call, from the host name to the last byte of the body. */
  readonly signal: AbortSignal;
}

/** An answer of undici. Its body must be read to the end, dumped or destroyed. */
export type HttpAnswer = Dispatcher.ResponseData;

/** A call whose answer is read as a whole. */
export interface WholeRequest extends Omit<HttpRequest, 'url' | 'target'> {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query as they are sent. */
  readonly path: string;
}

/** An answer with all bytes of its body. */
export interface WholeAnswer {
  readonly status: number;
  readonly bytes: Buffer;
}

/** An answer began, but it is too large or was cut off. */
export class IncompleteAnswer extends Error {
  override readonly name = 'IncompleteAnswer';
}

/** No connection was made, so nothing of the request was sent. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';

  /**
   * The message names no address.
   * @param code of the system's error, `PROXY_<status>` of the proxy's answer, `CONNECT_TIMEOUT` or `CONNECT_FAILED`
   */
  constructor(
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(`no connection (${code})`, options);
  }
}

/** Limit for silence on a connection (ms), longer than any deadline of a caller. */
const SILENCE_MS = 25_000;
/** undici abandons a connection attempt so much later than the caller's limit (ms). */
const ABANDON_MS = 500;

/**
 * undici for calls to other services, over connections that are kept alive. One limit covers all steps of a
 * connection; proxy settings come from the options and not from the environment.
 */
export class HttpClient {
  private readonly dispatcher: Dispatcher;
  /** Sockets that are connecting: undici's `destroy` leaves them open. */
  private readonly connecting = new Set<Socket>();

  constructor({ lookup, connectMs, proxy = null, proxyLookup = lookup, ca, maxBytes }: HttpClientOptions) {
    const timeout = connectMs + ABANDON_MS;
    const secure = { timeout, ...(ca === undefined ? {} : { ca }) };
    const options: Agent.Options = {
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
      ...(maxBytes === undefined ? {} : { maxResponseSize: maxBytes }),
      connect: this.tracked({ ...secure, lookup }),
      factory: (origin, pool) => new Pool(origin, limited(pool, connectMs)),
    };
    this.dispatcher =
      proxy === null || proxy.except.includes('*')
        ? new Agent(options)
        : new EnvHttpProxyAgent({
            ...options,
            // Empty, not absent: else undici reads the environment.
            httpProxy: '',
            httpsProxy: proxy.url,
            noProxy: proxy.except.join(','),
            ...credentials(proxy),
            proxyTls: { timeout, lookup: proxyLookup },
            requestTls: secure,
            clientFactory: (origin, pool) => new Pool(origin, { ...pool, headersTimeout: timeout }),
          });
  }

  /**
   * Sends a request. Redirects are not followed, and bodies are not decompressed. A request whose signal aborts before
   * it has a connection is never sent.
   * @throws NotConnected where nothing was sent; the reason of the signal; else undici's error, which has a `code`
   */
  send({ url, target, ...request }: HttpRequest): Promise<HttpAnswer> {
    const answer = this.dispatcher.request({
      origin: url.origin,
      path: target ?? `${url.pathname}${url.search}`,
      ...request,
    });
    // undici looks at the signal only when the request has a connection.
    return untilAborted(answer, request.signal, ({ body }) => body.destroy());
  }

  /**
   * Sends a request as `send` does, and reads the answer without a stream, at a third of its cost.
   * @throws IncompleteAnswer after the status, otherwise as `send`; the reason of the signal in any case
   */
  exchange({ signal, ...request }: WholeRequest): Promise<WholeAnswer> {
    return new Promise((resolve, reject) => {
      const collector = new AnswerCollector(signal, resolve, reject);
      if (!signal.aborted) this.dispatcher.dispatch(request, collector);
    });
  }

  /** Closes all connections at once; calls in progress fail. */
  async close(): Promise<void> {
    for (const socket of this.connecting) socket.destroy(new NotConnected('CLOSED'));
    await this.dispatcher.destroy();
  }

  /** undici's connector, whose sockets are in `connecting` until they are connected or have failed. */
  private tracked(options: buildConnector.BuildOptions): buildConnector.connector {
    // The declared type returns void; the connector returns its socket and calls back later.
    const connect = buildConnector(options) as (...call: Parameters<buildConnector.connector>) => Socket;
    return (target, callback) => {
      const socket = connect(target, (...result) => {
        this.connecting.delete(socket);
        callback(...result);
      });
      this.connecting.add(socket);
    };
  }
}

/** Collects one answer. An abort of the signal ends the call, whether it has a connection or waits for one. */
class AnswerCollector implements Dispatcher.DispatchHandler {
  private readonly chunks: Buffer[] = [];
  private controller: Dispatcher.DispatchController | null = null;
  private status = 0;

  constructor(
    private readonly signal: AbortSignal,
    private readonly resolve: (answer: WholeAnswer) => void,
    private readonly reject: (reason: unknown) => void,
  ) {
    if (signal.aborted) this.abort();
    else signal.addEventListener('abort', this.abort, { once: true });
  }

  private readonly abort = (): void => {
    this.reject(this.signal.reason);
    this.controller?.abort(this.signal.reason as Error);
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // The signal aborted while the request waited for a connection: it is never sent.
    if (this.signal.aborted) this.abort();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.chunks;
    const bytes = first && this.chunks.length === 1 ? first : Buffer.concat(this.chunks);
    this.signal.removeEventListener('abort', this.abort);
    this.resolve({ status: this.status, bytes });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.signal.removeEventListener('abort', this.abort);
    // An informational status (1xx) is no answer yet.
    const hasBegun = this.status >= 200;
    this.reject(hasBegun ? new IncompleteAnswer('the answer is incomplete', { cause: error }) : error);
  }
}

/** Options of a pool whose connector has one limit for all that it does, and fails with {@link NotConnected} only. */
function limited(pool: Pool.Options, milliseconds: number): Pool.Options {
  const connect = pool.connect as buildConnector.connector;
  return {
    ...pool,
    connect: (target, callback) => {
      let isSettled = false;
      const settle: buildConnector.Callback = (...[error, socket]) => {
        if (isSettled) {
          socket?.on('error', () => undefined).destroy();
          return;
        }
        isSettled = true;
        clearTimeout(timer);
        if (error) callback(notConnected(error), null);
        else callback(null, socket);
      };
      const timer = setTimeout(() => settle(new NotConnected('CONNECT_TIMEOUT'), null), milliseconds);
      connect(target, settle);
    },
  };
}

function notConnected(error: Error): NotConnected {
  if (error instanceof NotConnected) return error;
  // undici has no code for a proxy that refuses the tunnel.
  const [, status] = /^Proxy response \((\d+)\)/.exec(error.message) ?? [];
  if (status !== undefined) return new NotConnected(`PROXY_${status}`);
  const code = codeOf(error);
  // undici would connect again, and again, for some of its own codes.
  return new NotConnected(code === undefined || code.startsWith('UND_ERR') ? 'CONNECT_FAILED' : code, {
    cause: error,
  });
}

/** The Proxy-Authorization for a proxy whose URL has a user; undici sets none for a user without a password. */
function credentials({ url }: ForwardProxy): { token?: string } {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return {};
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { token: `Basic ${Buffer.from(user).toString('base64')}` };
}

/** The code of an error of the system or of undici. */
export function codeOf(error: unknown): string | undefined {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode && typeof error.code === 'string' ? error.code : undefined;
}
