import { resolve } from 'node:path';
import { freePort } from './free-port.js';
import { call } from './http.js';
import { type Program, startProgram } from './program.js';
import { SHOP, type World } from './world.js';

/** Address and environment of a service process that is not started yet. */
export interface ProcessPlan {
  readonly port: number;
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Plans a process that replaces an instance of the world, with the same database, store, keys and WeChat.
 * Stops that instance, because an SQLite file belongs to one process.
 * @param environment deviations from the defaults
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

/** Starts the built service as a process. */
export function startProcess(environment: Readonly<Record<string, string>>): Program {
  return startProgram([process.execPath, resolve('dist/main.js')], process.cwd(), environment);
}

/** Waits until the service at a URL is ready. */
export async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    const reply = await call(`${url}/health/ready`).catch(() => null);
    if (reply?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the service did not start');
}
