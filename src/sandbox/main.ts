import { readEnvironment } from './environment.js';
import { createSandbox } from './sandbox.js';

/*
 * `node dist/sandbox/main.js`: the sandbox as a process of its own. Ends with status 0 on SIGTERM and
 * SIGINT, and with its parent when it was started with an IPC channel (the service in development does).
 */
async function main(): Promise<void> {
  const { host, port, options } = readEnvironment(process.env);
  const sandbox = createSandbox(options);
  const end = () => {
    void sandbox.close().finally(() => process.exit(0));
  };
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(event, end);
  const url = await sandbox.listen({ host, port });
  if (process.send) {
    process.send({ type: 'listening', url });
  } else {
    process.stdout.write(`WeChat sandbox  ${url}\nVirtual phone   ${url}/phone\n`);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return 'The port of the sandbox is taken: set SANDBOX_PORT to a free one.';
  }
  return error instanceof Error ? error.message : String(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
});
