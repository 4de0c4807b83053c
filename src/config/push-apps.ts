import { list, pushAesKey, pushToken, SettingFault } from './parsers.js';

/** The push settings of one app or third-party platform, as entered at WeChat. */
export interface PushApp {
  readonly appId: string;
  readonly token: string;
  /** 32 bytes; `null`: its pushes are plain. */
  readonly aesKey: Buffer | null;
}

/** `appid:token[:aeskey][,…]`: a token of 3 to 32 letters and digits, a key of 43 (section 6.3). */
export function pushApps(value: string): PushApp[] {
  const apps = list(value).map((entry) => {
    const [appId = '', token, aesKey, ...rest] = entry.split(':');
    if (token === undefined || rest.length > 0 || !/^[A-Za-z0-9_-]{1,64}$/.test(appId)) {
      throw new SettingFault('must be appid:token or appid:token:aeskey, several separated by commas');
    }
    return {
      appId,
      token: part('tokens', () => pushToken(token)),
      aesKey: aesKey === undefined ? null : part('AES keys', () => pushAesKey(aesKey)),
    };
  });
  if (new Set(apps.map(({ appId }) => appId)).size < apps.length) {
    throw new SettingFault('names an appid twice');
  }
  return apps;
}

/** Reads a part of an entry; a fault says which part it means. */
function part<Value>(name: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingFault)) throw error;
    throw new SettingFault(`has ${name} that ${error.message}`);
  }
}
