import { fork, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const START_MS = 30_000;
/** Arguments of Node in `npm run start:prod`. */
export const SERVICE_ARGUMENTS = ['--max-semi-space-size=16'];
/** Child -> a promise that rejects when it ends: what is measured and what measures. */
const running = new Map();
/** The same of the database and Redis, which end last. */
export const servers = new Map();

/** A free port of this machine. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts a program of bench/ and waits until it is ready. Its log is discarded, like all logs.
 * @param options `node`: the executable of Node; `nodeArguments`: arguments of it, for a profile
 * @returns `{ pid, port, stop, signal }`
 */
export async function startProgram(path, environment, { node = process.execPath, nodeArguments = [] } = {}) {
  const port = await freePort();
  const child = fork(fileURLToPath(new URL(path, import.meta.url)), {
    execPath: node,
    execArgv: nodeArguments,
    env: { ...baseEnvironment(), PORT: String(port), ...environment },
    stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit', 'ipc'],
  });
  track(child, path);
  await Promise.race([once(child, 'message'), running.get(child)]);
  return { pid: child.pid, port, stop: () => stop(child), signal: (name) => child.kill(name) };
}

/**
 * Starts the built service and waits until it is ready.
 * @param options `node`: the executable of Node; `nodeArguments`: more arguments of it, for a profile
 * @returns `{ pid, port, stop, signal }`
 */
export async function startService(port, environment, { node = process.execPath, nodeArguments = [] } = {}) {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const child = spawn(node, [...SERVICE_ARGUMENTS, ...nodeArguments, main], {
    env: { ...baseEnvironment(), PORT: String(port), ...environment },
    stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit'],
  });
  track(child, 'dist/main.js');
  await Promise.race([isReady(port), running.get(child)]);
  return { pid: child.pid, port, stop: () => stop(child), signal: (name) => child.kill(name) };
}

/**
 * Starts a load generator: `run` starts a job (see bench/load/load.mjs), reports when its measured part begins, and
 * returns its result. One generator runs one job at a time.
 * @param program the generator, under bench/
 */
export function startLoad(program = 'load/load.mjs') {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)));
  track(child, 'the load');
  const ended = running.get(child);
  return {
    async run(job, onBegin = () => undefined) {
      child.send(job);
      for (;;) {
        const [{ begun, result, error }] = await Promise.race([once(child, 'message'), ended]);
        if (error !== undefined) throw new Error(`${job.visitor}, ${job.operation}: ${error}`);
        if (!begun) return result;
        onBegin();
      }
    },
    stop: () => stop(child),
  };
}

/** Ends all processes that still run. @param children `servers`, or the others */
export async function stopAll(children = running) {
  await Promise.all([...children.keys()].map(stop));
}

/** Has a child stopped by `stopAll`. @returns a promise that rejects when the child ends */
export function track(child, name, children = running) {
  const ended = once(child, 'exit').then(([code, signal]) => {
    children.delete(child);
    throw new Error(`${name} ended (${code ?? signal})`);
  });
  // Most children end because they are stopped, and then nothing awaits this promise.
  ended.catch(() => undefined);
  children.set(child, ended);
  return ended;
}

/** Ends one process, and waits for its end. */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await once(child, 'exit');
  clearTimeout(timer);
}

async function isReady(port) {
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(50)) {
    const reply = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
    if (reply?.status === 200) return;
  }
  throw new Error('the service is not ready');
}

/** The measured processes do not inherit the caller's settings. */
export function baseEnvironment() {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, NODE_ENV: 'production' };
}

/** Resident memory of a process now (MB of 2^20 bytes). */
export function residentMegabytes(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(kilobytes) / 1024;
}
