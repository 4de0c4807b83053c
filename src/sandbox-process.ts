import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AppConfig, AppKind } from './config/app-config.js';

/** A sandbox beside the service. */
export interface SandboxProcess {
  stop(): void;
}

/**
 * Starts the sandbox in a process of its own: it is no part of the service and talks to it over HTTP like WeChat.
 * Where its port is taken already (a second instance, or one that was started by hand), that one is used.
 */
export async function startSandbox(config: AppConfig): Promise<SandboxProcess> {
  const child = fork(fileURLToPath(new URL('./sandbox/main.js', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      NODE_ENV: config.nodeEnv,
      SANDBOX_HOST: config.sandbox.host,
      WECHAT_API_URL: config.wechat.apiUrl,
      WECHAT_OPEN_URL: config.wechat.openUrl,
      PUBLIC_URL: config.publicUrl,
      SANDBOX_SERVICE_URL: `http://${reachableHost(config.host)}:${config.port}`,
      SANDBOX_PORT: String(config.sandbox.port),
      WECHAT_MINI_PROGRAMS: apps(config, 'mini_program'),
      WECHAT_WEBSITES: apps(config, 'website'),
      WECHAT_OFFICIAL_ACCOUNTS: apps(config, 'official_account'),
    },
  });
  await new Promise<void>((resolve) => {
    child.once('message', () => resolve());
    child.once('exit', () => resolve());
  });
  return { stop: () => void child.kill('SIGTERM') };
}

function apps(config: AppConfig, kind: AppKind): string {
  return config.wechat.apps
    .filter((app) => app.kind === kind)
    .map((app) => `${app.appId}:${app.secret}`)
    .join(',');
}

/** A host by which the sandbox, on the same machine, reaches a service that listens here. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
