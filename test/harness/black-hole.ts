import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { ResolveName } from '../../src/outgoing/host-names.js';
import { whileRunning } from '../runner/running.js';
import { listening } from './listening.js';

/** A network endpoint that never answers. */
export interface BlackHole {
  readonly port: number;
  close(): Promise<void>;
}

/** A listener that stops accepting connections, because its thread is blocked forever. */
const DEAF = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: workerData.port, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setTimeout(() => Atomics.wait(new Int32Array(workerData.lock), 0, 0), 50);
  });`;

/**
 * A port that never completes a connection: its backlog is full, so the kernel drops each SYN.
 * @param port 0 for any free port
 */
export async function droppingPort(port = 0): Promise<BlackHole> {
  const lock = new SharedArrayBuffer(4);
  const worker = new Worker(DEAF, { eval: true, workerData: { port, lock } });
  const [listening] = (await once(worker, 'message')) as [number];
  const fillers: Socket[] = [];
  for (let silent = 0; silent < 2;) {
    const filler = connect(listening, '127.0.0.1').on('error', () => undefined);
    fillers.push(filler);
    if (!(await connects(filler))) silent++;
  }
  return {
    port: listening,
    close: whileRunning('a port that drops connections', async () => {
      for (const filler of fillers) filler.destroy();
      Atomics.notify(new Int32Array(lock), 0);
      await worker.terminate();
    }),
  };
}

function connects(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    setTimeout(() => resolve(false), 250);
  });
}

/**
 * A port that accepts connections and never answers. It reports the open connections and the received data.
 */
export async function silentPort(): Promise<BlackHole & { open(): number; received(): string }> {
  const sockets = new Set<Socket>();
  let received = '';
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('data', (data: Buffer) => (received += data.toString('latin1')));
  });
  return { ...(await listening(server)), open: () => sockets.size, received: () => received };
}

/**
 * An HTTP server that sends the head of a reply at once, and then one byte of the body every 100 ms without
 * end.
 */
export async function drippingServer(): Promise<BlackHole & { open(): number }> {
  let open = 0;
  const server = createHttpServer((_request, response) => {
    open++;
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 100);
    response.on('close', () => {
      open--;
      clearInterval(drip);
    });
  });
  return { ...(await listening(server)), open: () => open };
}

/** Name resolution through a DNS server that receives questions and never answers. */
export async function silentResolver(): Promise<{ resolve: ResolveName; asked(): number; close(): void }> {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', () => asked++);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new Resolver({ timeout: 60_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  const close = whileRunning('a silent resolver', () => {
    resolver.cancel();
    socket.close();
    return Promise.resolve();
  });
  return {
    resolve: async (hostname) =>
      (await resolver.resolve4(hostname)).map((address) => ({ address, family: 4 })),
    asked: () => asked,
    close: () => void close(),
  };
}
