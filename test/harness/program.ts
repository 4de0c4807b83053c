import { type ChildProcess, spawn } from 'node:child_process';
import { whileRunning } from '../runner/running.js';

/** A program that runs beside a test. */
export interface Program {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly output: () => string;
  /** Its exit status once it has ended, `null` where a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a program in a folder, with this environment and nothing else but PATH. */
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
  // Stopped also where it stands still (SIGSTOP).
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

/** Asks it to end, and waits until it has. @returns its exit status */
export async function endProgram({ child, ended }: Program): Promise<number | null> {
  child.kill('SIGTERM');
  return ended;
}

/**
 * Waits until an address answers with a status.
 * @throws Error after 30 s, with what the program has written
 */
export async function untilAnswers(url: string, status: number, program: Program): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const reply = await fetch(url).catch(() => null);
    await reply?.body?.cancel();
    if (reply?.status === status) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer ${status}:\n${program.output().slice(-2_000)}`);
}
