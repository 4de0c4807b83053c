import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type AppKind, appKinds } from './channel/app-kinds.js';
import type { AppConfig } from './config/app-config.js';

/** The sandbox did not start, and has said why in a line of its own. */
export class SandboxFault extends Error {
  override readonly name = 'SandboxFault';
}

/** A sandbox beside the service. */
export interface SandboxProcess {
  /** @throws SandboxFault where it ends before it listens, as with a port that is taken */
  readonly listening: Promise<void>;
  stop(): void;
}

/** Starts the sandbox in a process of its own: it is no part of the service and talks to it over HTTP like WeChat. */
export function startSandbox(config: AppConfig): SandboxProcess {
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
      ...Object.fromEntries(appKinds().map(({ name, variable }) => [variable, apps(config, name)])),
    },
  });
  const listening = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', () => reject(new SandboxFault('the sandbox did not start')));
  });
  return { listening, stop: () => void child.kill('SIGTERM') };
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
