import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that the system itself hands out: what it calls free may belong to somebody's connection a moment
 * later, before a service listens there. And above 10080, which browsers and fetch refuse.
 */
const FIRST = 11_000;
/** Each of the workers that run test files beside one another has so many. */
const OF_A_WORKER = 1_000;
const WORKERS = 20;

const first = FIRST + (Number(process.env.JEST_WORKER_ID ?? 0) % WORKERS) * OF_A_WORKER;
let next = randomInt(OF_A_WORKER);

/** A port where nobody listens, for who must know it beforehand. Others listen on 0. */
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
