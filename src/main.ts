import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { StartFault } from './common/start-fault.js';
import type { AppConfig } from './config/app-config.js';
import { ConfigError } from './config/load-config.js';
import { loadProcessConfig } from './config/process-environment.js';
import { createApp } from './create-app.js';
import { createLogger } from './ops/logger.js';
import { startSandbox } from './sandbox-process.js';

/** Accepted requests are answered within this time after SIGTERM; then the process ends anyway (ms). */
const SHUTDOWN_MS = 9_000;

async function main(): Promise<void> {
  const config = loadProcessConfig();
  const logger = createLogger(config.logLevel);
  const sandbox = config.sandbox.enabled ? await startSandbox(config) : null;
  const app = await createApp({ config, logger }).catch((error: unknown) => {
    sandbox?.stop();
    throw error;
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      logger.info({ signal, msg: 'stopping' });
      void stop(app).then(() => sandbox?.stop());
    });
  }
  await app.listen({ port: config.port, host: config.host });
  // Where lines are collected, each of them is JSON.
  if (config.nodeEnv !== 'production') process.stdout.write(greeting(config));
}

/** Stops accepting, answers what was accepted, closes the database and the store; the exit status is 0. */
async function stop(app: NestFastifyApplication): Promise<void> {
  setTimeout(() => process.exit(0), SHUTDOWN_MS).unref();
  await app.close();
}

function greeting(config: AppConfig): string {
  const lines = [
    `wechat-auth   ${config.publicUrl}`,
    ...(config.docs ? [`Swagger UI    ${config.publicUrl}/docs`] : []),
    `login page    ${config.publicUrl}/login`,
    ...(config.sandbox.enabled ? [`sandbox phone http://localhost:${config.sandbox.port}/phone`] : []),
  ];
  return `\n${lines.map((line) => `  ${line}\n`).join('')}\n`;
}

/** What the operator can mend is said in a line, without a stack. */
function startFault(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartFault) return error.message;
  if (!(error instanceof Error)) return String(error);
  const taken = 'code' in error && error.code === 'EADDRINUSE';
  return taken ? 'The port is taken: set PORT, or stop what listens there.' : (error.stack ?? error.message);
}

main().catch((error: unknown) => {
  process.stderr.write(`${startFault(error)}\n`);
  process.exit(1);
});
