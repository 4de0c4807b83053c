import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { whileRunning } from '../runner/running.js';

/** A server of a test that accepts connections. */
export interface Listening {
  readonly port: number;
  /** Over HTTP, without a slash at the end. */
  readonly url: string;
  /** Breaks all connections and stops to listen. */
  readonly close: () => Promise<void>;
}

/**
 * Has a server of `node:net` or `node:http` listen on the loopback.
 * @param port 0 for any that is free
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
