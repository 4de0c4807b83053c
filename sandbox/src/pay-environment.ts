import type { PayAppKey } from './state/pay-keys.js';
import { present } from './variables.js';

/**
 * Reads WECHAT_PAY_APP_KEYS, the AppKeys of virtual payment as the service knows them: `appid:env:appkey[,…]`, env 0
 * live and 1 sandbox.
 * @throws Error of one line that names the variable and never its value
 */
export function readPayAppKeys(env: NodeJS.ProcessEnv): PayAppKey[] {
  const parts = present(env.WECHAT_PAY_APP_KEYS)?.split(',') ?? [];
  return parts.map((part) => {
    // An AppKey may hold colons.
    const [, appId, number, appKey] = /^([^:]+):([01]):(.+)$/.exec(part.trim()) ?? [];
    if (appId === undefined || appKey === undefined) {
      throw new Error('WECHAT_PAY_APP_KEYS must be appid:env:appkey[,appid:env:appkey…], env 0 or 1.');
    }
    return { appId, env: number === '0' ? 0 : 1, appKey };
  });
}
