import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { whileRunning } from '../runner/running.js';

/** A test server that accepts connections. */
export interface Listening {
  readonly port: number;
  /** HTTP URL without a trailing slash. */
  readonly url: string;
  /** Closes all connections and stops listening. */
  readonly close: () => Promise<void>;
}

/**
 * Makes a server of `node:net` or `node:http` listen on the loopback interface.
 * @param port 0 for any free port
 */
export async function listening(server: Server, port = 0, host = '127.0.0.1'): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    url: `http://${host}:${address.port}`,
    close: whileRunning(`a server on port ${address.port}`, async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    }),
  };
}
