import { appKinds } from '../channel/app-kinds.js';
import { wechatApps } from './app-config.js';
import { isLoopback } from './parsers.js';
import type { Settings } from './settings.js';
import { appsOf } from './settings/app.settings.js';
import { SANDBOX_SECRET } from './wechat-app.js';

/** The form of WeChat's own AppSecrets. */
const APP_SECRET = /^[0-9a-f]{32}$/;

/**
 * What one setting requires of another, in any environment: one line per fault.
 * @param settings without those whose text has a fault of its own
 */
export function dependencyFaults(settings: Partial<Settings>): string[] {
  const faults: string[] = [];
  if (settings.WECHAT_PUSH_AES_KEY && !settings.WECHAT_PUSH_TOKEN) {
    faults.push('WECHAT_PUSH_TOKEN must be set where WECHAT_PUSH_AES_KEY is');
  }
  if (settings.WEBHOOK_URLS?.length && !settings.WEBHOOK_SECRET) {
    faults.push('WEBHOOK_SECRET must be set where WEBHOOK_URLS is');
  }
  faults.push(...forwardFaults(settings), ...payKeyFaults(settings));
  // Without keys the S3 client looks for some in files and on the network.
  if (settings.AVATAR_STORE?.type === 's3') {
    for (const name of ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const) {
      if (!settings[name]) faults.push(`${name} must be set where AVATAR_STORE is s3:`);
    }
  }
  return faults;
}

/** A receiver whose app has no pushes here would never get any. */
function forwardFaults(settings: Partial<Settings>): string[] {
  if (!settings.WECHAT_PUSH_FORWARD?.length || !isComplete(settings)) return [];
  const { WECHAT_PUSH_FORWARD: forwards, WECHAT_PUSH_TOKEN: token, WECHAT_PUSH_APPS: own } = settings;
  const apps = new Set(wechatApps(settings).map(({ appId }) => appId));
  const pushing = new Set(own.map(({ appId }) => appId));
  if (!forwards.every(({ appId }) => apps.has(appId) || pushing.has(appId))) {
    return ['WECHAT_PUSH_FORWARD names an appid that is not configured'];
  }
  // A third-party platform pushes for every app.
  const hasPlatform = own.some(({ appId }) => !apps.has(appId));
  return token !== null || hasPlatform || forwards.every(({ appId }) => pushing.has(appId))
    ? []
    : ['WECHAT_PUSH_FORWARD names an app without a token: set WECHAT_PUSH_TOKEN or WECHAT_PUSH_APPS'];
}

/** An AppKey of an app whose people have no session_key here would never sign. */
function payKeyFaults(settings: Partial<Settings>): string[] {
  if (!settings.WECHAT_PAY_APP_KEYS?.length || !isComplete(settings)) return [];
  const kinds = appKinds().filter(({ hasSessionKey }) => hasSessionKey);
  const known = wechatApps(settings).filter(({ kind }) => kinds.some(({ name }) => name === kind));
  const isKnown = (appId: string): boolean => known.some((app) => app.appId === appId);
  return settings.WECHAT_PAY_APP_KEYS.every(({ appId }) => isKnown(appId))
    ? []
    : ['WECHAT_PAY_APP_KEYS names an appid that is not one of the mini programs'];
}

/** Whether the settings that say which apps there are have no fault of their own. */
function isComplete(settings: Partial<Settings>): settings is Settings {
  const variables = appKinds().map(({ variable }) => variable);
  return ['NODE_ENV', 'WECHAT_PUSH_TOKEN', 'WECHAT_PUSH_APPS', ...variables].every(
    (name) => name in settings,
  );
}

/** What production refuses: the sandbox, its sample secrets, missing secrets, and secrets over plain http. */
export function productionFaults(settings: Settings): string[] {
  if (settings.NODE_ENV !== 'production') return [];
  const faults: string[] = [];
  if (!settings.PUBLIC_URL) {
    faults.push('PUBLIC_URL must be set in production: callback links are built from it');
  } else if (isPlainHttp(settings.PUBLIC_URL)) {
    faults.push('PUBLIC_URL must be https in production: cookies and login codes travel there');
  }
  if (settings.RETURN_URLS?.some(isPlainHttp)) {
    faults.push('RETURN_URLS must be https in production: login codes travel there');
  }
  if (settings.SANDBOX) faults.push('SANDBOX must be off in production');
  if (!settings.RATE_LIMITS.on) faults.push('RATE_LIMITS must not be off in production');
  if (!settings.ENCRYPTION_KEYS) faults.push('ENCRYPTION_KEYS must be set in production');
  const variables = appKinds().map(({ variable }) => variable);
  if (variables.every((name) => appsOf(settings, name) === null)) {
    const anyOf = new Intl.ListFormat('en-GB', { type: 'disjunction' });
    faults.push(`${anyOf.format(variables)} must be set in production`);
  }
  for (const name of variables) {
    if (appsOf(settings, name)?.some(({ secret }) => SANDBOX_SECRET.test(secret))) {
      faults.push(`${name} holds a secret of the sandbox, which production refuses`);
    }
  }
  for (const name of ['WECHAT_API_URL', 'WECHAT_OPEN_URL'] as const) {
    if (settings[name] && isPlainHttp(settings[name])) {
      faults.push(`${name} must be https in production: the AppSecret travels there`);
    }
  }
  if (settings.WEBHOOK_URLS.some(isPlainHttp)) faults.push('WEBHOOK_URLS must be https in production');
  if (settings.WECHAT_PUSH_FORWARD.some(({ url }) => isPlainHttp(url))) {
    faults.push('WECHAT_PUSH_FORWARD must be https in production: what people write travels there');
  }
  return faults;
}

/** What production accepts although the operator hardly means it: one line each. */
export function productionWarnings(settings: Settings): string[] {
  if (settings.NODE_ENV !== 'production') return [];
  const warnings = appKinds()
    .filter(({ variable }) => appsOf(settings, variable)?.some(({ secret }) => !APP_SECRET.test(secret)))
    .map(
      ({ variable: name }) => `${name} holds an AppSecret that is not 32 hexadecimal digits, as WeChat's are`,
    );
  if (settings.BRAND_LOGO_URL && isPlainHttp(settings.BRAND_LOGO_URL)) {
    warnings.push('BRAND_LOGO_URL is http: browsers do not show it on an https page');
  }
  return warnings;
}

/** A URL whose traffic others can read: http to any host except this machine. */
function isPlainHttp(value: string): boolean {
  const { protocol, hostname } = new URL(value);
  return protocol === 'http:' && !isLoopback(hostname);
}
