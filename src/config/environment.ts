import { IsIn, IsOptional, ValidateBy } from 'class-validator';
import * as parse from './parsers.js';
import { redisPrefix, redisUrl } from './redis-url.js';

/** Names of variables that hold secrets: each may also come as `NAME_FILE`, a mounted file. */
export const SECRET_VARIABLES = [
  'DATABASE_URL',
  'REDIS_URL',
  'WECHAT_MINI_PROGRAMS',
  'WECHAT_WEBSITES',
  'WECHAT_OFFICIAL_ACCOUNTS',
  'HTTPS_PROXY',
  'WECHAT_PUSH_TOKEN',
  'WECHAT_PUSH_AES_KEY',
  'ENCRYPTION_KEYS',
  'ADMIN_API_KEYS',
  'SERVICE_API_KEYS',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'WEBHOOK_URLS',
  'WEBHOOK_SECRET',
  'METRICS_TOKEN',
] as const satisfies readonly (keyof Environment)[];

/**
 * The environment as it stands in `.env.example`: every variable, how it is checked, and its default where that
 * is a constant. Defaults that depend on others are in `load-config.ts`.
 */
export class Environment {
  @IsIn(['development', 'test', 'production'], { message: 'must be development, test or production' })
  NODE_ENV = 'development';

  @Parsed(parse.text) HOST = '127.0.0.1';
  @Parsed(parse.port) PORT = '3000';
  @Parsed(parse.baseUrl) PUBLIC_URL: string | undefined = undefined;

  @Parsed(parse.databaseUrl) DATABASE_URL = 'sqlite:data/wechat-auth.sqlite';
  @Parsed(parse.databasePool) DATABASE_POOL = '20';
  @Parsed(redisUrl) REDIS_URL: string | undefined = undefined;
  @Parsed(redisPrefix) REDIS_PREFIX = 'wechat-auth:';

  @Parsed(parse.apps) WECHAT_MINI_PROGRAMS: string | undefined = undefined;
  @Parsed(parse.apps) WECHAT_WEBSITES: string | undefined = undefined;
  @Parsed(parse.apps) WECHAT_OFFICIAL_ACCOUNTS: string | undefined = undefined;
  @Parsed(parse.pushToken) WECHAT_PUSH_TOKEN: string | undefined = undefined;
  @Parsed(parse.pushAesKey) WECHAT_PUSH_AES_KEY: string | undefined = undefined;
  @Parsed(parse.proxyUrl) HTTPS_PROXY: string | undefined = undefined;
  @Parsed(parse.noProxy) NO_PROXY: string | undefined = undefined;
  @Parsed(parse.verifyFiles) WECHAT_VERIFY_FILES: string | undefined = undefined;
  @Parsed(parse.scanPage) WECHAT_SCAN_PAGE: string | undefined = undefined;
  @Parsed(parse.baseUrl) WECHAT_API_URL: string | undefined = undefined;
  @Parsed(parse.baseUrl) WECHAT_OPEN_URL: string | undefined = undefined;
  @Parsed(parse.appIds) ACCEPT_UNIONID_CHANGE = '';

  @Parsed(parse.flag) SANDBOX: string | undefined = undefined;
  @Parsed(parse.port) SANDBOX_PORT = '3001';
  @Parsed(parse.text) SANDBOX_HOST = '127.0.0.1';

  @Parsed(parse.encryptionKeys) ENCRYPTION_KEYS: string | undefined = undefined;
  @Parsed(parse.text) JWT_ISSUER: string | undefined = undefined;
  @Parsed(parse.text) JWT_AUDIENCE: string | undefined = undefined;
  @Parsed(parse.duration) ACCESS_TOKEN_TTL = '15m';
  @Parsed(parse.duration) SESSION_TTL = '90d';
  @Parsed(parse.duration) SESSION_IDLE_TTL = '30d';
  @Parsed(parse.sessionCount) MAX_SESSIONS = '20';
  @IsIn(['fixed', 'session-key'], { message: 'must be fixed or session-key' })
  SESSION_POLICY = 'fixed';

  @Parsed(parse.duration) OPEN_DATA_MAX_AGE = '10m';
  @Parsed(parse.apiKeys) ADMIN_API_KEYS: string | undefined = undefined;
  @Parsed(parse.apiKeys) SERVICE_API_KEYS: string | undefined = undefined;
  @Parsed(parse.headerName) TOKEN_HEADER = 'authorization';

  @Parsed(parse.returnUrls) RETURN_URLS: string | undefined = undefined;
  @Parsed(parse.cidrs) TRUSTED_PROXIES = '';
  @Parsed(parse.avatarStore) AVATAR_STORE = 'disk:data/avatars';
  @Parsed(parse.text) S3_ACCESS_KEY_ID: string | undefined = undefined;
  @Parsed(parse.text) S3_SECRET_ACCESS_KEY: string | undefined = undefined;

  @Parsed(parse.webhookUrls) WEBHOOK_URLS: string | undefined = undefined;
  @Parsed(parse.webhookSecrets) WEBHOOK_SECRET: string | undefined = undefined;
  @Parsed(parse.duration) EVENT_RETENTION = '180d';

  @Parsed(parse.rateLimits) RATE_LIMITS = 'on';
  @Parsed(parse.delay) SHUTDOWN_DELAY = '0s';

  @Parsed(parse.text) BRAND_NAME = 'wechat-auth';
  @Parsed(parse.pictureUrl) BRAND_LOGO_URL: string | undefined = undefined;
  @Parsed(parse.flag) DOCS: string | undefined = undefined;

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    message: 'must be fatal, error, warn, info, debug, trace or silent',
  })
  LOG_LEVEL = 'info';
  @Parsed(parse.metricsToken) METRICS_TOKEN: string | undefined = undefined;
}

/** A variable that the parser must accept where it is set; its fault is the message. */
function Parsed(parser: (value: string) => unknown): PropertyDecorator {
  const decorate = ValidateBy({
    name: 'parsed',
    validator: {
      validate: (value: unknown) => fault(parser, value) === null,
      defaultMessage: (args) => fault(parser, args?.value) ?? '',
    },
  });
  return (target, property) => {
    IsOptional()(target, property);
    decorate(target, property);
  };
}

function fault(parser: (value: string) => unknown, value: unknown): string | null {
  try {
    parser(String(value));
    return null;
  } catch (error) {
    if (error instanceof parse.SettingFault) return error.message;
    throw error;
  }
}
