import { receiverUrl, SettingFault } from './parsers.js';

/** One receiver of the pushes of one app. */
export interface PushForward {
  readonly appId: string;
  readonly url: string;
}

/**
 * `appid=url[,appid=url…]`: where the pushes of an app go on to, in order. A user and password in a URL are sent as
 * Basic authorization. A comma inside of a URL is written `%2C`.
 */
export function pushForward(value: string): PushForward[] {
  const forwards = value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, appId = '', address = ''] = /^([A-Za-z0-9_-]{1,64})=(.+)$/.exec(entry) ?? [];
      const url = receiverUrl(address);
      if (!url) {
        throw new SettingFault(
          'must be appid=url, several separated by commas, with http or https URLs without fragment',
        );
      }
      return { appId, url: url.href };
    });
  if (new Set(forwards.map(({ appId, url }) => `${appId}=${url}`)).size < forwards.length) {
    throw new SettingFault('names a URL twice for an app');
  }
  return forwards;
}
