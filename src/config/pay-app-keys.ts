import { list, SettingFault } from './parsers.js';

/** The environments of virtual payment: live and sandbox (wechat-api-2.md section 13.1). */
export const PAY_ENVIRONMENTS = [0, 1] as const;
/** 0 live, 1 sandbox. */
export type PayEnvironment = (typeof PAY_ENVIRONMENTS)[number];

/** The AppKey of an app in one environment of virtual payment. */
export interface PayAppKey {
  readonly appId: string;
  readonly env: PayEnvironment;
  readonly appKey: string;
}

/** `appid:env:appkey[,…]`. */
export function payAppKeys(value: string): PayAppKey[] {
  const keys = list(value).map((entry) => {
    const [, appId, written, appKey] =
      /^([A-Za-z0-9_-]{1,64}):([01]):([\x21-\x7e]{1,128})$/.exec(entry) ?? [];
    const env = PAY_ENVIRONMENTS.find((each) => String(each) === written);
    if (appId === undefined || env === undefined || appKey === undefined) {
      throw new SettingFault(
        'must be appid:env:AppKey, several separated by commas, with env 0 (live) or 1 (sandbox)',
      );
    }
    if (/[<>]/.test(appKey)) throw new SettingFault('holds a placeholder where the AppKey belongs');
    return { appId, env, appKey };
  });
  if (new Set(keys.map(({ appId, env }) => `${appId}:${env}`)).size < keys.length) {
    throw new SettingFault('names an appid twice for one env');
  }
  return keys;
}
