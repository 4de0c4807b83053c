import { Writable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import type { AppOptions } from '../../src/app.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createApp } from '../../src/create-app.js';
import { DatabaseOpening } from '../../src/database/database-opening.js';
import { createLogger } from '../../src/ops/logger.js';
import { whileRunning } from '../runner/running.js';
import { freePort } from './free-port.js';
import { keepHandle } from './kept-handles.js';
import type { MovableClock } from './movable-clock.js';
import { pictureProgram } from './picture-programs.js';

/** One instance of the service in this process, configured as by `npm start`. */
export interface Service {
  readonly url: string;
  readonly app: NestFastifyApplication;
  /** The complete log. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts the real app on a free port, unless the environment sets PORT. */
export async function startService(
  environment: Readonly<Record<string, string>>,
  clock: MovableClock,
  parts: Pick<AppOptions, 'doors' | 'relayTiming' | 'pictureProgram'> = {},
): Promise<Service> {
  const port = environment.PORT === undefined ? await freePort() : Number(environment.PORT);
  const config = loadConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'debug',
    // A test sends more requests in a second than an address may send in a minute.
    RATE_LIMITS: 'off',
    ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    ...environment,
  });
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const app = await createApp({
    config,
    logger: createLogger(config.logLevel, sink),
    clock,
    ...parts,
    pictureProgram: parts.pictureProgram ?? pictureProgram,
  });
  // On SQLite this is the only runner, which holds all statements. Elsewhere it is a runner that never
  // connects.
  keepHandle(app.get(DataSource).createQueryRunner());
  const stop = whileRunning(`the service on port ${port}`, () => app.close());
  await app.listen({ port, host: config.host });
  const opening = app.get(DatabaseOpening, { strict: false });
  opening.begin();
  try {
    await opening.opened;
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    log: () => lines.join(''),
    stop,
  };
}
