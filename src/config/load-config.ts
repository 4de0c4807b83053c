import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { validateSync } from 'class-validator';
import { StartFault } from '../common/start-fault.js';
import { appKinds } from '../channel/app-kinds.js';
import type { AppConfig, AvatarStoreConfig, DatabaseConfig, WeChatApp } from './app-config.js';
import { developmentKeys } from './development-keys.js';
import { Environment, SECRET_VARIABLES } from './environment.js';
import { isServiceLink, misspeltVariables } from './misspelt-variables.js';
import * as parse from './parsers.js';
import { redisPrefix, redisUrl } from './redis-url.js';

/** The environment cannot be used: one line per fault, naming the variable, never its value. */
export class ConfigError extends StartFault {
  override readonly name = 'ConfigError';

  constructor(readonly faults: readonly string[]) {
    super(`The environment has ${faults.length} fault(s):\n${faults.map((line) => `  ${line}`).join('\n')}`);
  }
}

/** What a secret of the sandbox begins with: production refuses it. */
const SANDBOX_SECRET = /^5a4db0c0de0{5,}/;

/**
 * Reads, validates and freezes the settings. The only reader of the environment.
 * @param source names and values, `process.env` outside of tests; empty values and empty files count as absent
 * @throws ConfigError with every fault at once
 */
export function loadConfig(source: Readonly<Record<string, string | undefined>>): AppConfig {
  const { environment, faults } = readEnvironment(source);
  for (const error of validateSync(environment)) {
    faults.push(...Object.values(error.constraints ?? {}).map((message) => `${error.property} ${message}`));
  }
  if (environment.WECHAT_PUSH_AES_KEY && !environment.WECHAT_PUSH_TOKEN) {
    faults.push('WECHAT_PUSH_TOKEN must be set where WECHAT_PUSH_AES_KEY is');
  }
  if (environment.WEBHOOK_URLS && !environment.WEBHOOK_SECRET) {
    faults.push('WEBHOOK_SECRET must be set where WEBHOOK_URLS is');
  }
  faults.push(...missing(environment));
  if (faults.length > 0) throw new ConfigError(faults);
  const unsafe = productionFaults(environment);
  if (unsafe.length > 0) throw new ConfigError(unsafe);
  const files = SECRET_VARIABLES.map((name) => `${name}_FILE`);
  return deepFreeze({
    ...toConfig(environment),
    warnings: [
      ...misspeltVariables(source, [...environmentVariables(), ...files]),
      ...productionWarnings(environment),
    ],
  });
}

function readEnvironment(source: Readonly<Record<string, string | undefined>>): {
  environment: Environment;
  faults: string[];
} {
  const environment = new Environment();
  const faults: string[] = [];
  for (const name of environmentVariables()) {
    const file = isSecret(name) ? source[`${name}_FILE`] : undefined;
    if (file && source[name]) {
      faults.push(`${name} and ${name}_FILE are both set`);
    } else if (file) {
      try {
        const text = readFileSync(file, 'utf8').trim();
        if (text !== '') environment[name] = text;
      } catch {
        faults.push(`${name}_FILE names a file that cannot be read`);
      }
    } else if (source[name] && !isServiceLink(name, source[name])) {
      environment[name] = source[name];
    }
  }
  return { environment, faults };
}

/** Names of all variables that the service knows, but for the `_FILE` forms of secrets. */
export function environmentVariables(): (keyof Environment)[] {
  return Object.keys(new Environment()) as (keyof Environment)[];
}

function isSecret(name: keyof Environment): boolean {
  return (SECRET_VARIABLES as readonly string[]).includes(name);
}

/** What one variable needs of another. Without keys the S3 library would look for some in files and on the network. */
function missing(env: Environment): string[] {
  if (!env.AVATAR_STORE.startsWith('s3:')) return [];
  return (['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const)
    .filter((name) => !env[name])
    .map((name) => `${name} must be set where AVATAR_STORE is s3:`);
}

/** What is refused in production: the sandbox, its sample secrets, missing secrets, secrets over plain http. */
function productionFaults(env: Environment): string[] {
  if (env.NODE_ENV !== 'production') return [];
  const faults: string[] = [];
  if (!env.PUBLIC_URL) {
    faults.push('PUBLIC_URL must be set in production: callback links are built from it');
  } else if (isPlainHttp(env.PUBLIC_URL)) {
    faults.push('PUBLIC_URL must be https in production: cookies and login codes travel there');
  }
  if (env.RETURN_URLS && parse.returnUrls(env.RETURN_URLS).some(isPlainHttp)) {
    faults.push('RETURN_URLS must be https in production: login codes travel there');
  }
  if (env.SANDBOX !== undefined && parse.flag(env.SANDBOX)) faults.push('SANDBOX must be off in production');
  if (!parse.rateLimits(env.RATE_LIMITS).on) faults.push('RATE_LIMITS must not be off in production');
  if (!env.ENCRYPTION_KEYS) faults.push('ENCRYPTION_KEYS must be set in production');
  const variables = appVariables();
  if (variables.every((name) => !env[name])) {
    const anyOf = new Intl.ListFormat('en-GB', { type: 'disjunction' });
    faults.push(`${anyOf.format(variables)} must be set in production`);
  }
  for (const name of variables) {
    const apps = parse.apps(env[name] ?? '');
    if (apps.some((app) => SANDBOX_SECRET.test(app.secret))) {
      faults.push(`${name} holds a secret of the sandbox, which production refuses`);
    }
  }
  for (const name of ['WECHAT_API_URL', 'WECHAT_OPEN_URL'] as const) {
    if (env[name] !== undefined && isPlainHttp(env[name])) {
      faults.push(`${name} must be https in production: the AppSecret travels there`);
    }
  }
  if (parse.webhookUrls(env.WEBHOOK_URLS ?? '').some(isPlainHttp)) {
    faults.push('WEBHOOK_URLS must be https in production');
  }
  return faults;
}

/** What starts, and yet is hardly what the operator means: one line each. */
function productionWarnings(env: Environment): string[] {
  if (env.NODE_ENV !== 'production') return [];
  const warnings: string[] = [];
  for (const name of appVariables()) {
    if (parse.apps(env[name] ?? '').some(({ secret }) => !/^[0-9a-f]{32}$/.test(secret))) {
      warnings.push(`${name} holds an AppSecret that is not 32 hexadecimal digits, as WeChat's are`);
    }
  }
  if (env.BRAND_LOGO_URL && isPlainHttp(env.BRAND_LOGO_URL)) {
    warnings.push('BRAND_LOGO_URL is http: browsers do not show it on an https page');
  }
  return warnings;
}

/** A URL whose traffic others can read: http to any host but this machine. */
function isPlainHttp(value: string): boolean {
  const { protocol, hostname } = new URL(value);
  return protocol === 'http:' && !isLoopback(hostname);
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
  );
}

function toConfig(env: Environment): Omit<AppConfig, 'warnings'> {
  const nodeEnv = env.NODE_ENV as AppConfig['nodeEnv'];
  const port = parse.port(env.PORT);
  const publicUrl = parse.baseUrl(env.PUBLIC_URL ?? `http://localhost:${port}`);
  const sandbox = {
    enabled:
      env.SANDBOX !== undefined ? parse.flag(env.SANDBOX) : nodeEnv === 'development' && !env.WECHAT_API_URL,
    host: env.SANDBOX_HOST,
    port: parse.port(env.SANDBOX_PORT),
  };
  const sandboxUrl = sandbox.enabled ? sandboxAt(sandbox) : null;
  return {
    nodeEnv,
    host: env.HOST,
    port,
    publicUrl,
    database: database(env),
    redis: env.REDIS_URL ? { ...redisUrl(env.REDIS_URL), prefix: redisPrefix(env.REDIS_PREFIX) } : null,
    wechat: {
      apps: wechatApps(env),
      scanPage: parse.scanPage(env.WECHAT_SCAN_PAGE ?? ''),
      apiUrl: parse.baseUrl(env.WECHAT_API_URL ?? sandboxUrl ?? 'https://api.weixin.qq.com'),
      openUrl: parse.baseUrl(env.WECHAT_OPEN_URL ?? sandboxUrl ?? 'https://open.weixin.qq.com'),
      verifyFiles: parse.verifyFiles(env.WECHAT_VERIFY_FILES ?? ''),
      acceptUnionIdChange: parse.appIds(env.ACCEPT_UNIONID_CHANGE),
      push: env.WECHAT_PUSH_TOKEN
        ? {
            token: parse.pushToken(env.WECHAT_PUSH_TOKEN),
            aesKey: env.WECHAT_PUSH_AES_KEY ? parse.pushAesKey(env.WECHAT_PUSH_AES_KEY) : null,
          }
        : null,
    },
    proxy: env.HTTPS_PROXY
      ? { url: parse.proxyUrl(env.HTTPS_PROXY), except: parse.noProxy(env.NO_PROXY ?? '') }
      : null,
    sandbox,
    encryptionKeys: env.ENCRYPTION_KEYS ? parse.encryptionKeys(env.ENCRYPTION_KEYS) : developmentKeys('data'),
    jwt: { issuer: env.JWT_ISSUER ?? publicUrl, audience: env.JWT_AUDIENCE ?? publicUrl },
    ttl: {
      accessToken: parse.duration(env.ACCESS_TOKEN_TTL),
      session: parse.duration(env.SESSION_TTL),
      sessionIdle: parse.duration(env.SESSION_IDLE_TTL),
    },
    maxSessions: parse.sessionCount(env.MAX_SESSIONS),
    sessionPolicy: env.SESSION_POLICY as AppConfig['sessionPolicy'],
    openDataMaxAge: parse.duration(env.OPEN_DATA_MAX_AGE),
    apiKeys: [
      ...parse.apiKeys(env.ADMIN_API_KEYS ?? '').map((key) => ({ role: 'admin' as const, ...key })),
      ...parse.apiKeys(env.SERVICE_API_KEYS ?? '').map((key) => ({ role: 'service' as const, ...key })),
    ],
    tokenHeader: parse.headerName(env.TOKEN_HEADER),
    returnUrls: env.RETURN_URLS ? parse.returnUrls(env.RETURN_URLS) : [publicUrl],
    trustedProxies: parse.cidrs(env.TRUSTED_PROXIES),
    avatarStore: avatarStore(env),
    webhooks: webhooks(env),
    eventRetention: parse.duration(env.EVENT_RETENTION),
    shutdownDelay: parse.delay(env.SHUTDOWN_DELAY),
    docs: env.DOCS !== undefined ? parse.flag(env.DOCS) : nodeEnv !== 'production',
    logLevel: env.LOG_LEVEL,
    rateLimits: parse.rateLimits(env.RATE_LIMITS),
    metricsToken: env.METRICS_TOKEN ? parse.metricsToken(env.METRICS_TOKEN) : null,
    brand: {
      name: env.BRAND_NAME,
      logoUrl: env.BRAND_LOGO_URL ? parse.pictureUrl(env.BRAND_LOGO_URL) : null,
    },
  };
}

function database(env: Environment): DatabaseConfig {
  const parsed = parse.databaseUrl(env.DATABASE_URL);
  return parsed.type === 'sqlite' ? parsed : { ...parsed, pool: parse.databasePool(env.DATABASE_POOL) };
}

/** Where the sandbox on this machine is called: by its address only where it listens on that alone. */
function sandboxAt({ host, port }: AppConfig['sandbox']): string {
  if (['0.0.0.0', '::', 'localhost', '::1'].includes(host) || isLoopback(host))
    return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function avatarStore(env: Environment): AvatarStoreConfig {
  const store = parse.avatarStore(env.AVATAR_STORE);
  if (store.type === 'disk') return store;
  return {
    ...store,
    accessKeyId: env.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.S3_SECRET_ACCESS_KEY ?? '',
  };
}

function webhooks(env: Environment): AppConfig['webhooks'] {
  const urls = parse.webhookUrls(env.WEBHOOK_URLS ?? '');
  return urls.length === 0 ? null : { urls, secrets: parse.webhookSecrets(env.WEBHOOK_SECRET ?? '') };
}

/** The variables that list apps, one for each kind. */
function appVariables(): (keyof Environment)[] {
  return appKinds().map(({ variable }) => variable as keyof Environment);
}

function wechatApps(env: Environment): WeChatApp[] {
  return appKinds().flatMap(({ name: kind, variable, sandboxApp }) => {
    const value = env[variable as keyof Environment];
    if (value) return parse.apps(value).map((app) => ({ kind, ...app }));
    return env.NODE_ENV === 'production' || sandboxApp === null ? [] : [{ kind, ...sandboxApp }];
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
