import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppConfig } from './config/app-config.js';
import { loadProcessConfig } from './config/process-environment.js';
import { createApp } from './create-app.js';
import { DatabaseOpening } from './database/database-opening.js';
import { fileDescriptorWarning } from './ops/file-descriptors.js';
import { IdleMemory } from './ops/idle-memory.js';
import { createLogger } from './ops/logger.js';
import { startLine } from './ops/start-line.js';
import { stopApp } from './ops/stop-app.js';
import { SandboxFault, startSandbox } from './sandbox-process.js';

/**
 * The process listens after this time even if the database does not respond or a migration runs long (ms).
 */
const LISTEN_DEADLINE_MS = 500;

async function main(): Promise<void> {
  const stopping = new AbortController();
  const stopped = untilSignal().then((signal) => {
    stopping.abort();
    return signal;
  });
  const config = loadProcessConfig();
  const logger = createLogger(config.logLevel);
  const sandbox = config.sandbox.enabled ? startSandbox(config) : null;
  // The rejection is handled below. Until then it must not count as unhandled.
  sandbox?.listening.catch(() => undefined);
  const app = await createApp({ config, logger });
  const opening = app.get(DatabaseOpening, { strict: false });

  void stopped.then(async (signal) => {
    logger.info({ signal, msg: 'stopping' });
    await stopApp(app, config.shutdownDelay * 1_000);
    // The current migration step is awaited, however long it takes. The next start runs the remaining ones.
    await opening.migration?.catch(() => undefined);
    sandbox?.stop();
    // The event loop might not end by itself: it would wait for a log pipe that nobody reads.
    process.exit(0);
  });

  await app.init();
  opening.begin();
  await Promise.race([opening.opened, opening.tried, sleep(LISTEN_DEADLINE_MS)]);
  await sandbox?.listening;
  if (stopping.signal.aborted) return;
  await app.listen({ port: config.port, host: config.host });
  const warning = fileDescriptorWarning();
  if (warning !== null) logger.warn({ msg: warning });
  await opening.opened;
  IdleMemory.watch(logger);
  // In production, log collectors expect every line to be JSON.
  if (config.nodeEnv !== 'production') process.stdout.write(greeting(config));
}

/**
 * Resolves with the first SIGTERM or SIGINT. Further signals are ignored: npm and a terminal both forward
 * one, and a second one must not interrupt the shutdown.
 */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
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

main().catch((error: unknown) => {
  if (!(error instanceof SandboxFault)) process.stderr.write(`${startLine(error)}\n`);
  process.exit(1);
});
