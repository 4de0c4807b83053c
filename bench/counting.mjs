/** What an operation takes from the machine and asks of its servers. */
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { perOperation } from './servers.mjs';

/** A process with one thread that is busy for this share of the time is the limit. */
const BUSY = 0.9;

/**
 * Runs a job and watches the servers.
 * @param context of a scenario
 * @param job a `closed` or `paced` one
 * @returns the result of the load, with `counts`, what the servers counted per operation, and `limit`
 */
export async function runCounted({ load, counters, standIn }, job) {
  let before;
  const watched = { ...counters.pids, standIn: standIn.pid, ...job.watched };
  const result = await load.run({ ...job, watched }, () => {
    before = counters.read();
  });
  const counts = perOperation(await before, await counters.read(), result.operations);
  return { ...result, counts, limit: limitOf(result, [job.pid].flat().length) };
}

/**
 * @param processes how many were measured
 * @returns the name of the resource that was exhausted
 */
export function limitOf({ busy, loadBusy, machineBusy, watched }, processes = 1, cores = cpus().length) {
  const shares = {
    'its own process': busy / processes,
    Redis: watched.redis?.busy ?? 0,
    'the stand-in': watched.standIn.busy,
    'the load generator': loadBusy,
  };
  const [name, most] = Object.entries(shares).sort(([, a], [, b]) => b - a)[0];
  if (most >= BUSY) return name;
  return machineBusy >= BUSY * cores ? 'all cores' : 'waiting, mostly for commits';
}

/**
 * A proxy that counts round trips: how often a connection begins to send after it has received.
 * @param target URL of a server
 * @returns `{ url, read, close }`; `read` returns the number since the start
 */
export async function countingProxy(target) {
  const { hostname, port } = new URL(target);
  let roundTrips = 0;
  const sockets = new Set();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: hostname, port: Number(port), noDelay: true });
    let isAsking = false;
    client.on('data', (bytes) => {
      if (!isAsking) roundTrips += 1;
      isAsking = true;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      isAsking = false;
      client.write(bytes);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${server.address().port}`;
  return {
    // Without the slash that URL appends to an origin.
    url: target.endsWith('/') ? url.href : url.href.replace(/\/$/, ''),
    read: () => roundTrips,
    close: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}
