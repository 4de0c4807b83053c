import { resolve } from 'node:path';
import { call } from './http.js';
import { type Program, startProgram } from './program.js';

/** The service as a process, as it is built. */
export function startProcess(environment: Readonly<Record<string, string>>): Program {
  return startProgram([process.execPath, resolve('dist/main.js')], process.cwd(), environment);
}

/** Waits until the service at an address is ready. */
export async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    const reply = await call(`${url}/health/ready`).catch(() => null);
    if (reply?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the service did not start');
}
