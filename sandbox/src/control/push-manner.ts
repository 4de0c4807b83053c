import { FORMATS } from '../push/fields.js';
import { MODES, type PushManner, TAMPERINGS } from '../push/letter.js';
import type { World } from '../state/world.js';
import { ControlError, type Fields } from './body.js';
import { requireAesKey } from './push-settings.js';

/** The fields of `POST /control/push` that say how it is built and signed. */
export const MANNER_FIELDS = ['token', 'aesKey', 'format', 'mode', 'tamper', 'spacedKeys', 'trailerAppId'];

/** How this push is built and signed: as the fields say, else as it was saved for the app, else plain XML. */
export function mannerOf(fields: Fields, world: World): PushManner {
  const saved = world.pushAccounts.find(fields.required('appId'));
  // A token of its own is another account's: nothing of the saved one belongs to it.
  const base = fields.has('token') ? undefined : saved;
  const mode = fields.oneOf('mode', MODES) ?? base?.mode ?? 'plain';
  const tamper = fields.oneOf('tamper', TAMPERINGS);
  const aesKey = fields.text('aesKey') ?? base?.aesKey ?? '';
  if (mode !== 'plain') requireAesKey(aesKey);
  if (mode === 'plain' && tamper === 'ciphertext')
    throw new ControlError(400, 'A plain push has no ciphertext.');
  return {
    mode,
    tamper,
    aesKey,
    token: base?.token ?? fields.required('token'),
    format: fields.oneOf('format', FORMATS) ?? base?.format ?? 'xml',
    spacedKeys: fields.flag('spacedKeys') ?? false,
    trailerAppId: fields.text('trailerAppId', 64),
  };
}
