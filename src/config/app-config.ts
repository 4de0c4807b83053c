import { appKinds } from '../channel/app-kinds.js';
import type { AvatarStoreConfig } from './avatar-store-url.js';
import type { DatabaseConfig } from './database-url.js';
import { developmentKeys } from './development-keys.js';
import type { RedisConfig } from './redis-url.js';
import { isLoopback } from './parsers.js';
import type { Settings } from './settings.js';
import { appsOf } from './settings/app.settings.js';
import type { WeChatApp } from './wechat-app.js';

export type { AvatarStoreConfig } from './avatar-store-url.js';
export type { DatabaseConfig, MysqlConfig } from './database-url.js';
export type { RedisConfig } from './redis-url.js';
export type { WeChatApp } from './wechat-app.js';

/** A key that a program of the operator sends as `X-Api-Key`; its name stands in the events. */
export interface ApiKey {
  readonly role: 'admin' | 'service';
  readonly name: string;
  readonly key: string;
}

/** The value and everything in it, read-only. */
type Frozen<T> = T extends Buffer
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : T extends object
      ? { readonly [Name in keyof T]: Frozen<T[Name]> }
      : T;

type Config = Frozen<ReturnType<typeof toConfig>>;

/**
 * All settings of the service, read once from the environment, validated and frozen. Rooms inject it by this class.
 * Durations are in seconds.
 */
export abstract class AppConfig extends (Object as unknown as abstract new () => Config) {}

/**
 * Groups the settings by subject and works out the defaults that depend on others. What a setting means is described
 * where it is declared, in `settings/`.
 * @param warnings what the operator should read at start, one line each, without values
 */
export function toConfig(settings: Settings, warnings: readonly string[]) {
  const { NODE_ENV: nodeEnv, PORT: port } = settings;
  const publicUrl = settings.PUBLIC_URL ?? `http://localhost:${port}`;
  const sandbox = {
    enabled: settings.SANDBOX ?? (nodeEnv === 'development' && !settings.WECHAT_API_URL),
    host: settings.SANDBOX_HOST,
    port: settings.SANDBOX_PORT,
    /** Where its sample mini program orders. */
    shopUrl: settings.SANDBOX_SHOP_URL,
  };
  const sandboxUrl = sandbox.enabled ? sandboxAt(sandbox) : null;
  return {
    nodeEnv,
    warnings,
    host: settings.HOST,
    port,
    /** Origin and path under which clients see the service, without a slash at the end. */
    publicUrl,
    database: database(settings),
    /** `null`: short-lived state is in memory, for one instance. */
    redis: settings.REDIS_URL && redis(settings.REDIS_URL, settings.REDIS_PREFIX),
    wechat: {
      /** All apps; the first of a kind is the default of its kind. */
      apps: wechatApps(settings),
      scanPage: settings.WECHAT_SCAN_PAGE,
      apiUrl: settings.WECHAT_API_URL ?? sandboxUrl ?? 'https://api.weixin.qq.com',
      openUrl: settings.WECHAT_OPEN_URL ?? sandboxUrl ?? 'https://open.weixin.qq.com',
      acceptUnionIdChange: settings.ACCEPT_UNIONID_CHANGE,
      verifyFiles: settings.WECHAT_VERIFY_FILES,
      payAppKeys: settings.WECHAT_PAY_APP_KEYS,
      /** `null`: message push is closed, except for `pushApps`. With a key (32 bytes) only encrypted pushes are accepted. */
      push:
        settings.WECHAT_PUSH_TOKEN === null
          ? null
          : { token: settings.WECHAT_PUSH_TOKEN, aesKey: settings.WECHAT_PUSH_AES_KEY },
      /** Apps, and third-party platforms, whose pushes have a token and a key of their own. */
      pushApps: settings.WECHAT_PUSH_APPS,
      /** Where pushes go on to: of each app in order, the first receiver answers. Every secret signs. */
      pushForward: { receivers: settings.WECHAT_PUSH_FORWARD, secrets: settings.WEBHOOK_SECRET ?? [] },
    },
    /** A forward proxy; `except` are the hosts that are called directly. */
    proxy: settings.HTTPS_PROXY === null ? null : { url: settings.HTTPS_PROXY, except: settings.NO_PROXY },
    sandbox,
    /** 32 bytes each; the first one encrypts. */
    encryptionKeys: settings.ENCRYPTION_KEYS ?? developmentKeys('data'),
    jwt: { issuer: settings.JWT_ISSUER ?? publicUrl, audience: settings.JWT_AUDIENCE ?? publicUrl },
    ttl: {
      accessToken: settings.ACCESS_TOKEN_TTL,
      session: settings.SESSION_TTL,
      sessionIdle: settings.SESSION_IDLE_TTL,
      /** How long the hosted pages know who has logged in; 0: they do not. */
      sso: settings.SSO_TTL,
    },
    maxSessions: settings.MAX_SESSIONS,
    sessionPolicy: settings.SESSION_POLICY,
    openDataMaxAge: settings.OPEN_DATA_MAX_AGE,
    apiKeys: apiKeys(settings),
    /** Lower-case name of the header that carries the access token. */
    tokenHeader: settings.TOKEN_HEADER,
    returnUrls: settings.RETURN_URLS ?? [publicUrl],
    trustedProxies: settings.TRUSTED_PROXIES,
    avatarStore: avatarStore(settings),
    /** `null`: no webhooks. Every secret signs, so that a new one can be added before an old one goes. */
    webhooks: webhooks(settings),
    eventRetention: settings.EVENT_RETENTION,
    shutdownDelay: settings.SHUTDOWN_DELAY,
    docs: settings.DOCS ?? nodeEnv !== 'production',
    logLevel: settings.LOG_LEVEL,
    rateLimits: settings.RATE_LIMITS,
    /** `null`: only this machine may read /metrics. */
    metricsToken: settings.METRICS_TOKEN,
    brand: { name: settings.BRAND_NAME, logoUrl: settings.BRAND_LOGO_URL, color: settings.BRAND_COLOR },
    /** What a login on a hosted page accepts. Both URLs together are the version. */
    terms: { termsUrl: settings.TERMS_URL, privacyUrl: settings.PRIVACY_URL },
  };
}

function database({ DATABASE_URL: url, DATABASE_POOL: pool }: Settings): DatabaseConfig {
  return url.type === 'sqlite' ? url : { ...url, pool };
}

function redis(url: Omit<RedisConfig, 'prefix'>, prefix: string): RedisConfig {
  return { ...url, prefix };
}

/** The URL of the sandbox on this machine; its address stands in it only where it listens on that alone. */
function sandboxAt({ host, port }: { host: string; port: number }): string {
  if (['0.0.0.0', '::', 'localhost', '::1'].includes(host) || isLoopback(host)) {
    return `http://localhost:${port}`;
  }
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function apiKeys(settings: Settings): ApiKey[] {
  return [
    ...settings.ADMIN_API_KEYS.map((key) => ({ role: 'admin' as const, ...key })),
    ...settings.SERVICE_API_KEYS.map((key) => ({ role: 'service' as const, ...key })),
  ];
}

function avatarStore(settings: Settings): AvatarStoreConfig {
  const { AVATAR_STORE: store, S3_ACCESS_KEY_ID: id, S3_SECRET_ACCESS_KEY: secret } = settings;
  return store.type === 'disk' ? store : { ...store, accessKeyId: id ?? '', secretAccessKey: secret ?? '' };
}

function webhooks({ WEBHOOK_URLS: urls, WEBHOOK_SECRET: secrets }: Settings) {
  return urls.length === 0 ? null : { urls, secrets: secrets ?? [] };
}

/** All apps that are configured. Outside of production these are the sandbox's where a kind has none. */
export function wechatApps(settings: Settings): WeChatApp[] {
  return appKinds().flatMap(({ name: kind, variable, sandboxApp }) => {
    const apps = appsOf(settings, variable);
    if (apps) return apps.map((app) => ({ kind, ...app }));
    return settings.NODE_ENV === 'production' || sandboxApp === null ? [] : [{ kind, ...sandboxApp }];
  });
}
