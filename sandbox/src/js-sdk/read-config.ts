import type { Fields } from '../control/body.js';
import type { PageConfig } from './check-config.js';

/** Reads `{ appId, timestamp, nonceStr, signature, url, firstUrl? }`; what `wx.config` was not given is empty. */
export function readConfig(fields: Fields): PageConfig {
  fields.only('appId', 'timestamp', 'nonceStr', 'signature', 'url', 'firstUrl');
  const text = (name: string) => fields.text(name) ?? '';
  const url = fields.required('url');
  const timestamp = fields.isText('timestamp') ? text('timestamp') : String(fields.number('timestamp') ?? '');
  return {
    appId: text('appId'),
    timestamp,
    nonceStr: text('nonceStr'),
    signature: text('signature'),
    url,
    firstUrl: fields.text('firstUrl') ?? url,
  };
}
