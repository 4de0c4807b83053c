import type { PushSettings } from './push/letter.js';
import type { PushSetUp } from './state/push-accounts.js';
import { present } from './variables.js';

const AES_KEY_LENGTH = 43;

/**
 * Reads the message push as the service is configured for it, so that what WeChat sends by itself arrives there:
 * WECHAT_PUSH_TOKEN and WECHAT_PUSH_AES_KEY, and WECHAT_PUSH_APPS, `appid:token[:aeskey][,…]`, for apps with their own.
 * The format is JSON.
 * @throws Error of one line that names the variable and never its value
 */
export function readPushSettings(env: NodeJS.ProcessEnv): PushSetUp {
  const token = present(env.WECHAT_PUSH_TOKEN);
  const aesKey = present(env.WECHAT_PUSH_AES_KEY);
  return {
    ...(token !== undefined && { all: settings('WECHAT_PUSH_AES_KEY', token, aesKey) }),
    apps: Object.fromEntries((present(env.WECHAT_PUSH_APPS)?.split(',') ?? []).map(readApp)),
  };
}

function readApp(part: string): [appId: string, PushSettings] {
  const [appId, token, aesKey, ...rest] = part.trim().split(':');
  if (!appId || !token || rest.length > 0) {
    throw new Error('WECHAT_PUSH_APPS must be appid:token[:aeskey][,appid:token[:aeskey]…].');
  }
  return [appId, settings('WECHAT_PUSH_APPS', token, aesKey)];
}

function settings(name: string, token: string, aesKey: string | undefined): PushSettings {
  if (aesKey !== undefined && aesKey.length !== AES_KEY_LENGTH) {
    throw new Error(`${name} must be a key of ${AES_KEY_LENGTH} characters.`);
  }
  return { token, aesKey: aesKey ?? '', mode: aesKey === undefined ? 'plain' : 'safe', format: 'json' };
}
