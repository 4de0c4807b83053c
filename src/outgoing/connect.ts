import type { LookupFunction, Socket } from 'node:net';
import { buildConnector } from 'undici';

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
}

/**
 * Connections for undici. Their limit covers the name, TCP and TLS, to the millisecond, and leaves no socket behind;
 * undici's own limit is checked once a second.
 */
export class Connections {
  private readonly attempts = new Set<Socket>();

  constructor(private readonly options: ConnectOptions) {}

  /** A connector that fails with {@link NotConnected} and nothing else. */
  connector(): buildConnector.connector {
    const { lookup, milliseconds } = this.options;
    // The type says void, and the connector returns its socket; it calls back later.
    const connect = buildConnector({ lookup, timeout: 0 }) as (
      ...call: Parameters<buildConnector.connector>
    ) => Socket;
    return (options, callback) => {
      const socket = connect(options, (error, connected) => {
        clearTimeout(timer);
        this.attempts.delete(socket);
        if (error === null) callback(null, connected);
        else callback(notConnected(error), null);
      });
      this.attempts.add(socket);
      const timer = setTimeout(() => socket.destroy(new NotConnected('CONNECT_TIMEOUT')), milliseconds);
    };
  }

  /** Ends what is still connecting. */
  abandon(): void {
    for (const socket of this.attempts) socket.destroy(new NotConnected('CLOSED'));
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
