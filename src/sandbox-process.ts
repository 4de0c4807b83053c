import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type AppKind, appKinds } from './channel/app-kinds.js';
import { StartFault } from './common/start-fault.js';
import type { AppConfig } from './config/app-config.js';

/** The sandbox did not start. Its own process has printed the reason in one line. */
export class SandboxFault extends Error {
  override readonly name = 'SandboxFault';
}

/** A sandbox that runs beside the service. */
export interface SandboxProcess {
  /** @throws SandboxFault if the process exits before it listens, for example because its port is taken */
  readonly listening: Promise<void>;
  stop(): void;
}

/**
 * Starts the sandbox in a child process: the service calls it over HTTP only, as it calls WeChat.
 * @throws StartFault if the sandbox's package is not installed or not built
 */
export function startSandbox(config: AppConfig): SandboxProcess {
  const child = fork(sandboxProgram(), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      NODE_ENV: config.nodeEnv,
      SANDBOX_HOST: config.sandbox.host,
      WECHAT_API_URL: config.wechat.apiUrl,
      WECHAT_OPEN_URL: config.wechat.openUrl,
      PUBLIC_URL: config.publicUrl,
      SANDBOX_SERVICE_URL: `http://${reachableHost(config.host)}:${config.port}`,
      SANDBOX_PORT: String(config.sandbox.port),
      SANDBOX_SHOP_URL: config.sandbox.shopUrl,
      ...pushes(config),
      WECHAT_PAY_APP_KEYS: config.wechat.payAppKeys
        .map(({ appId, env, appKey }) => `${appId}:${env}:${appKey}`)
        .join(','),
      ...Object.fromEntries(appKinds().map(({ name, variable }) => [variable, apps(config, name)])),
    },
  });
  const listening = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', () => reject(new SandboxFault('the sandbox did not start')));
  });
  return { listening, stop: () => void child.kill('SIGTERM') };
}

/**
 * Returns the path of the sandbox's program. Its package is resolved but never imported, and production
 * images do not contain it.
 */
function sandboxProgram(): string {
  const program = resolved('@wechat-auth/sandbox/main');
  if (program !== null && existsSync(program)) return program;
  throw new StartFault(
    program === null
      ? 'The sandbox is not installed: run `npm ci` in a clone, or set WECHAT_API_URL and WECHAT_OPEN_URL to one that runs elsewhere, or SANDBOX=off.'
      : 'The sandbox is not built: run `npm run build`, or set SANDBOX=off.',
  );
}

function resolved(specifier: string): string | null {
  try {
    return fileURLToPath(import.meta.resolve(specifier));
  } catch {
    return null;
  }
}

function apps(config: AppConfig, kind: AppKind): string {
  return config.wechat.apps
    .filter((app) => app.kind === kind)
    .map((app) => `${app.appId}:${app.secret}`)
    .join(',');
}

/** What the sandbox pushes by itself, such as a payment, is signed and encrypted for this service. */
function pushes({ wechat: { push, pushApps } }: AppConfig): NodeJS.ProcessEnv {
  return {
    ...(push && { WECHAT_PUSH_TOKEN: push.token }),
    ...(push?.aesKey && { WECHAT_PUSH_AES_KEY: encodingAesKey(push.aesKey) }),
    WECHAT_PUSH_APPS: pushApps
      .map(({ appId, token, aesKey }) =>
        [appId, token, ...(aesKey ? [encodingAesKey(aesKey)] : [])].join(':'),
      )
      .join(','),
  };
}

/** 43 characters: base64 without its padding. */
function encodingAesKey(key: Buffer): string {
  return key.toString('base64').slice(0, 43);
}

/** The host at which the sandbox, on the same machine, reaches a service that listens on `host`. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
