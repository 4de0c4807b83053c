import type { Server } from 'node:http';
import { Server as TcpServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Shutdown } from './shutdown.js';

/**
 * How long replies carry `Connection: close` before the listener closes, so that clients close their
 * connections (ms).
 */
const CLIENT_CLOSE_MS = 1_000;
/** Time for requests that were sent while the listener closed to arrive (ms). */
const ARRIVAL_MS = 500;
/** Time limit after the delay: slower jobs and clients are cut off (ms). */
const DEADLINE_MS = 9_000;
const IDLE_CHECK_MS = 50;

/**
 * Shuts an instance down. It becomes not ready at once and accepts requests for the delay. Then it stops
 * listening, answers accepted requests, ends its jobs, and closes its stores last. Resolves within 10 s after
 * the delay.
 * @param delayMs time for load balancers to notice that the instance is not ready
 */
export async function stopApp(app: NestFastifyApplication, delayMs: number): Promise<void> {
  const shutdown = app.get(Shutdown, { strict: false });
  const server = app.getHttpServer();
  shutdown.hasBegun = true;
  await sleep(Math.max(0, delayMs - CLIENT_CLOSE_MS));
  shutdown.endsConnections = true;
  // Without connections there is nothing to wait for.
  const clientCloseMs = delayMs > 0 || (await connections(server)) > 0 ? CLIENT_CLOSE_MS : 0;
  await sleep(Math.max(clientCloseMs, Math.min(delayMs, CLIENT_CLOSE_MS)));
  shutdown.answered = stopListening(server);
  // Streams end in the first hooks of close(), jobs in those that wait for `answered`, stores in the last.
  await Promise.race([app.close(), sleep(DEADLINE_MS - clientCloseMs, undefined, { ref: false })]);
}

/** Stops accepting connections. @returns when all accepted connections have been answered and closed */
async function stopListening(server: Server): Promise<void> {
  if (!server.listening) return;
  // `close` of http.Server would also close connections whose request is still arriving.
  const closed = new Promise<void>((resolve) => {
    TcpServer.prototype.close.call(server, () => resolve());
  });
  await Promise.race([closed, sleep(ARRIVAL_MS)]);
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  await closed.finally(() => clearInterval(idle));
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error ? 0 : count)));
}
