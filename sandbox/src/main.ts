#!/usr/bin/env node
import { readCommandLine, USAGE } from './command-line.js';
import { readEnvironment } from './environment.js';
import { createSandbox } from './sandbox.js';

/*
 * The program `wechat-sandbox`. It exits with status 0 on SIGTERM and SIGINT, and when the parent process that
 * forked it exits (wechat-auth forks it in development).
 */
async function main(): Promise<void> {
  const env = readCommandLine(process.argv.slice(2), process.env);
  if (env === null) {
    process.stdout.write(USAGE);
    return;
  }
  const { host, port, options } = readEnvironment(env);
  const sandbox = createSandbox({ ...options, sampleCodes: true });
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
