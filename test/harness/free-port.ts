import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * First port. It is below the ephemeral ports of the system, which an outgoing connection could take before
 * the service listens. It is above 10080, the last port that browsers and fetch block.
 */
const FIRST = 11_000;
/** Number of ports for each Jest worker. */
const OF_A_WORKER = 1_000;
const WORKERS = 20;

const first = FIRST + (Number(process.env.JEST_WORKER_ID ?? 0) % WORKERS) * OF_A_WORKER;
let next = randomInt(OF_A_WORKER);

/** Finds a free port, for a caller that must know it in advance. Other servers listen on port 0. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < OF_A_WORKER; tries++) {
    next = (next + 1) % OF_A_WORKER;
    if (await canListen(first + next)) return first + next;
  }
  throw new Error('no port is free');
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
