import type { LookupFunction, Socket } from 'node:net';
import { buildConnector } from 'undici';
import { type ForwardProxy, goesThrough, openTunnel } from './forward-proxy.js';

/** No connection came about, so nothing of the request was sent. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';

  /** @param code of the system's error, or `CONNECT_TIMEOUT`; the message names no address */
  constructor(readonly code: string) {
    super(`no connection (${code})`);
  }
}

/** How connections are made. */
export interface ConnectOptions {
  readonly lookup: LookupFunction;
  /** Milliseconds for name, TCP and TLS together. */
  readonly milliseconds: number;
  /** For https; none where absent. */
  readonly proxy?: ForwardProxy | null;
  /** An authority in place of those that Node trusts, as PEM. */
  readonly ca?: string;
}

/** Something that is being made, and can be left. */
interface Abandonable {
  destroy(reason: Error): void;
}

/**
 * Connections for undici. Their limit covers the name, TCP and TLS, to the millisecond, and leaves no socket behind;
 * undici's own limit is checked once a second.
 */
export class Connections {
  private readonly attempts = new Set<Abandonable>();

  constructor(private readonly options: ConnectOptions) {}

  /** A connector that fails with {@link NotConnected} and nothing else. */
  connector(): buildConnector.connector {
    const { lookup, milliseconds, proxy = null, ca } = this.options;
    // The type says void, and the connector returns its socket; it calls back later.
    const connect = buildConnector({ lookup, timeout: 0, ...(ca === undefined ? {} : { ca }) }) as (
      ...call: Parameters<buildConnector.connector>
    ) => Socket;
    return (options, callback) => {
      const parts = new Set<Abandonable>();
      const attempt = { destroy: (reason: Error) => parts.forEach((part) => part.destroy(reason)) };
      const timer = setTimeout(() => attempt.destroy(new NotConnected('CONNECT_TIMEOUT')), milliseconds);
      this.attempts.add(attempt);
      const end: buildConnector.Callback = (...[error, connected]) => {
        clearTimeout(timer);
        this.attempts.delete(attempt);
        if (error === null) {
          callback(null, connected);
          return;
        }
        attempt.destroy(error);
        callback(notConnected(error), null);
      };
      const url = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
      if (!goesThrough(proxy, url)) {
        parts.add(connect(options, end));
        return;
      }
      const tunnel = openTunnel(proxy, `${url.hostname}:${url.port === '' ? '443' : url.port}`, lookup);
      parts.add(tunnel);
      tunnel.made.then(
        (httpSocket) => {
          parts.add(httpSocket).add(connect({ ...options, httpSocket }, end));
        },
        (error: unknown) => end(error instanceof Error ? error : new NotConnected('connection failed'), null),
      );
    };
  }

  /** Ends what is still connecting. */
  abandon(): void {
    for (const attempt of this.attempts) attempt.destroy(new NotConnected('CLOSED'));
  }
}

function notConnected(error: Error): NotConnected {
  if (error instanceof NotConnected) return error;
  return new NotConnected(codeOf(error) ?? 'connection failed');
}

/** The code of an error of the system or of undici. */
export function codeOf(error: unknown): string | undefined {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode && typeof error.code === 'string' ? error.code : undefined;
}
