import type { Server } from 'node:http';
import { Server as TcpServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Shutdown } from './shutdown.js';

/** How long replies carry `Connection: close` before the listener closes: clients let go by themselves (ms). */
const LET_GO_MS = 1_000;
/** What was sent in the moment in which the listener closed arrives within this time (ms). */
const ARRIVAL_MS = 500;
/** From the end of the delay on: a job or a client that takes longer is broken off (ms). */
const DEADLINE_MS = 9_000;
const LOOK_EVERY_MS = 50;

/**
 * Takes an instance out of service: not ready at once, and accepting for the delay; then it stops listening, answers
 * what it has accepted, ends its jobs, and closes its stores last. Resolves within 10 s after the delay.
 * @param delayMs for whoever sends requests to find out that the instance is not ready
 */
export async function stopApp(app: NestFastifyApplication, delayMs: number): Promise<void> {
  const shutdown = app.get(Shutdown, { strict: false });
  const server = app.getHttpServer();
  shutdown.hasBegun = true;
  await sleep(Math.max(0, delayMs - LET_GO_MS));
  shutdown.endsConnections = true;
  // Where nobody is connected, nobody has to let go.
  const letGo = delayMs > 0 || (await connections(server)) > 0 ? LET_GO_MS : 0;
  await sleep(Math.max(letGo, Math.min(delayMs, LET_GO_MS)));
  shutdown.answered = stopListening(server);
  // Streams end with the first hooks of this, jobs with those that wait for `answered`, stores with the last.
  await Promise.race([app.close(), sleep(DEADLINE_MS - letGo, undefined, { ref: false })]);
}

/** Accepts no connection any more. @returns when all that were accepted have been answered and closed */
async function stopListening(server: Server): Promise<void> {
  if (!server.listening) return;
  // Not the close of an HTTP server: that one also closes connections whose request is on its way.
  const closed = new Promise<void>((resolve) => {
    TcpServer.prototype.close.call(server, () => resolve());
  });
  await Promise.race([closed, sleep(ARRIVAL_MS)]);
  const idle = setInterval(() => server.closeIdleConnections(), LOOK_EVERY_MS);
  await closed.finally(() => clearInterval(idle));
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error ? 0 : count)));
}
