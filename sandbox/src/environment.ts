import { readPayAppKeys } from './pay-environment.js';
import { readPushSettings } from './push-environment.js';
import type { SandboxOptions } from './sandbox.js';
import { isLocalName } from './web/hosts.js';
import type { AppConfig, AppsConfig } from './state/apps.js';
import { present, readUrl } from './variables.js';

/** The host, the port and the options with which main.ts starts the sandbox. */
export interface SandboxEnvironment {
  host: string;
  port: number;
  options: SandboxOptions;
}

const APP_VARIABLES = {
  miniPrograms: 'WECHAT_MINI_PROGRAMS',
  websites: 'WECHAT_WEBSITES',
  officialAccounts: 'WECHAT_OFFICIAL_ACCOUNTS',
} as const satisfies Record<keyof AppsConfig, string>;

/**
 * Reads the environment.
 *
 * - SANDBOX_HOST (default 127.0.0.1), SANDBOX_PORT (3001)
 * - WECHAT_MINI_PROGRAMS, WECHAT_WEBSITES, WECHAT_OFFICIAL_ACCOUNTS: `appid:secret[,appid:secret…]`
 * - WECHAT_API_URL, WECHAT_OPEN_URL: addresses under which others call the sandbox
 * - PUBLIC_URL, else PORT: the service as browsers see it; SANDBOX_SERVICE_URL: as the sandbox sees it
 * - WECHAT_PUSH_TOKEN, WECHAT_PUSH_AES_KEY, WECHAT_PUSH_APPS: see push-environment.ts; WECHAT_PAY_APP_KEYS: see
 *   pay-environment.ts
 * - SANDBOX_SHOP_URL: the shop whose orders the sample mini program pays
 *
 * @throws Error of one line that names the variable and never its value; also for NODE_ENV=production
 */
export function readEnvironment(env: NodeJS.ProcessEnv): SandboxEnvironment {
  if (env.NODE_ENV === 'production') {
    throw new Error('The sandbox is a simulator of WeChat and does not start with NODE_ENV=production.');
  }
  const apps: Partial<AppsConfig> = {};
  for (const kind of ['miniPrograms', 'websites', 'officialAccounts'] as const) {
    const listed = readApps(APP_VARIABLES[kind], env);
    if (listed) apps[kind] = listed;
  }
  const host = present(env.SANDBOX_HOST) ?? '127.0.0.1';
  const servicePublicUrl = readUrl('PUBLIC_URL', env) ?? `http://localhost:${present(env.PORT) ?? '3000'}`;
  return {
    host,
    port: readPort(env),
    options: {
      apps,
      hosts: ownHosts(host, env),
      serviceUrl: readUrl('SANDBOX_SERVICE_URL', env) ?? servicePublicUrl,
      servicePublicUrl,
      push: readPushSettings(env),
      payAppKeys: readPayAppKeys(env),
      shopUrl: readUrl('SANDBOX_SHOP_URL', env) ?? 'http://localhost:4100',
    },
  };
}

/** The host names by which others call the sandbox; 0.0.0.0 and :: name no host. */
function ownHosts(host: string, env: NodeJS.ProcessEnv): string[] {
  const listened = ['0.0.0.0', '::'].includes(host) ? [] : [host.includes(':') ? `[${host}]` : host];
  const called = [readUrl('WECHAT_API_URL', env), readUrl('WECHAT_OPEN_URL', env)];
  const names = [...listened, ...called.flatMap((url) => (url ? [new URL(url).hostname] : []))];
  return [...new Set(names)].filter((name) => !isLocalName(name));
}

function readPort(env: NodeJS.ProcessEnv): number {
  const text = present(env.SANDBOX_PORT) ?? '3001';
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error('SANDBOX_PORT must be a port number.');
  return port;
}

function readApps(name: string, env: NodeJS.ProcessEnv): AppConfig[] | undefined {
  const text = present(env[name]);
  if (text === undefined) return undefined;
  return text.split(',').map((part) => {
    const [appId, secret, ...rest] = part.trim().split(':');
    if (!appId || !secret || rest.length > 0) {
      throw new Error(`${name} must be appid:secret[,appid:secret…].`);
    }
    return { appId, secret };
  });
}
