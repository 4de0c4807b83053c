import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** Properties of a `net.Socket` that Node does not document; they have existed since Node 0.x. */
interface SocketParts {
  _handle?: object | null;
  /** The listener that counts the connection. */
  _server?: object | null;
}

/**
 * Takes the connection away from a reply whose header was sent, so that nothing of HTTP stays in memory for it: no
 * parser, request, response and header fields, which take twice as much as the connection. Whoever takes it
 * writes the rest of the reply and closes the connection. It still counts for the listener.
 * @returns the connection; within the old socket where that one cannot give it up
 */
export function releasedConnection({ socket }: Pick<ServerResponse, 'socket'>): Socket | null {
  if (socket === null) return null;
  const parts = socket as SocketParts;
  const { _handle: handle, _server: server } = parts;
  // A socket of TLS, or one in which bytes wait that the kernel did not take.
  const isMovable = socket.constructor === Socket && Boolean(handle) && socket.writableLength === 0;
  if (!isMovable || socket.destroyed) return socket;
  parts._handle = null;
  parts._server = null;
  const moved = new Socket({ handle } as ConstructorParameters<typeof Socket>[0]);
  (moved as SocketParts)._server = server ?? null;
  // Without its handle it closes nothing. Node frees what it has for the request, as for any closed connection.
  socket.destroy();
  return moved;
}
