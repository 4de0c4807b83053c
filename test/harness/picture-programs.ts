import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PictureProgram } from '../../src/avatar/picture-program.js';

function path(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** The picture process as it stands in src/. */
export const pictureProgram = new PictureProgram(path('./picture-program.mjs'));

/** The same, failing at pictures whose URL says so, and with a short limit for one that hangs. */
export const faultyPictureProgram = new PictureProgram(path('./faulty-picture-program.mjs'), 1_000);

/** The same, where decoding seems to take more of the processor than is allowed. */
export const costlyPictureProgram = new PictureProgram(path('./costly-picture-program.mjs'));

/** With a short limit for fetching, for a server that does not answer. */
export const impatientPictureProgram = new PictureProgram(pictureProgram.path, undefined, 1_000);

/** A program that does not exist. */
export const missingPictureProgram = new PictureProgram(path('./no-such-program.mjs'));

/** The picture processes of a service process. Linux. */
export function pictureProcessesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children
    .split(' ')
    .filter((child) => child !== '')
    .map(Number)
    .filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('avatar/program/main'));
}

/** Whether a process exists and has not ended. Linux. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
