import { resolve } from 'node:path';
import { freePort } from './free-port.js';
import { call } from './http.js';
import { type Program, startProgram } from './program.js';
import { SHOP, type World } from './world.js';

/** Where a process of the service is going to be, and its environment. */
export interface ProcessPlan {
  readonly port: number;
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Plans a process that takes the place of a world's instance: on the same database and store, with the same keys and
 * the same WeChat. Stops that instance, since SQLite's file belongs to one process.
 * @param environment what differs from the defaults
 */
export async function processInPlaceOf(
  world: World,
  environment: Readonly<Record<string, string>> = {},
): Promise<ProcessPlan> {
  await world.service().stop();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return {
    port,
    url,
    environment: {
      ...world.backend.environment,
      NODE_ENV: 'test',
      PORT: String(port),
      PUBLIC_URL: url,
      RETURN_URLS: SHOP,
      RATE_LIMITS: 'off',
      ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
      WECHAT_API_URL: world.sandbox.url,
      WECHAT_OPEN_URL: world.sandbox.url,
      ...environment,
    },
  };
}

/** Starts the service as a process, as it is built. */
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
