import { type ChildProcess, spawn } from 'node:child_process';
import { whileRunning } from '../runner/running.js';

/** A child process of a test. */
export interface Program {
  readonly child: ChildProcess;
  /** Its output so far. */
  readonly output: () => string;
  /** Exit status once it has ended; `null` if a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a program in a folder. Its environment consists of this one and PATH. */
export function startProgram(
  [command, ...words]: readonly [string, ...string[]],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Program {
  const child = spawn(command, words, {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  // SIGKILL also ends a suspended process (SIGSTOP).
  const kill = whileRunning(command, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await closed;
  });
  const ended = closed.then(async (status) => {
    await kill();
    return status;
  });
  return { child, output: () => output, ended };
}

/** Sends SIGTERM and waits for the end. @returns the exit status */
export async function endProgram({ child, ended }: Program): Promise<number | null> {
  child.kill('SIGTERM');
  return ended;
}

/**
 * Waits until a URL answers with a status.
 * @param headers of the requests
 * @throws Error after 30 s, with the output of the program
 */
export async function untilAnswers(
  url: string,
  status: number,
  program: Program,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const reply = await fetch(url, { headers }).catch(() => null);
    await reply?.body?.cancel();
    if (reply?.status === status) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer ${status}:\n${program.output().slice(-2_000)}`);
}
