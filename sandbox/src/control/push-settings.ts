import { FORMATS } from '../push/fields.js';
import { MODES, type PushSettings } from '../push/letter.js';
import { ControlError, type Fields } from './body.js';

/** What the operator of an app saves: without a key the pushes are plain, else encrypted alone. Else 400. */
export function pushSettingsOf(fields: Fields): PushSettings {
  const aesKey = fields.text('aesKey') ?? '';
  const mode = fields.oneOf('mode', MODES) ?? (aesKey === '' ? 'plain' : 'safe');
  if (mode !== 'plain' || aesKey !== '') requireAesKey(aesKey);
  return { token: fields.required('token'), aesKey, mode, format: fields.oneOf('format', FORMATS) ?? 'json' };
}

/** Of the right length, else 400. */
export function requireAesKey(aesKey: string): void {
  if (aesKey.length !== 43) throw new ControlError(400, '"aesKey" must have 43 characters.');
}

/** Settings as the control API shows them: without the secrets. */
export function viewOfPushSettings(appId: string, { mode, format }: PushSettings): Record<string, string> {
  return { appId, mode, format };
}
