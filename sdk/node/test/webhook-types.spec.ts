import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import type { WebhookData, WebhookType } from '../src/index.js';

/** Fails to compile if a type is missing, or a field is. */
const FIELDS: { readonly [Type in WebhookType]: Readonly<Record<keyof WebhookData[Type], true>> } = {
  'user.created': { appId: true, appKind: true },
  'user.updated': { changed: true },
  'user.merged': { mergedUserId: true },
  'user.deleted': { mergedUserIds: true },
  'identity.linked': { appId: true, appKind: true, identityId: true },
  'identity.unlinked': { appId: true, identityId: true },
};

test('the types of webhooks are those of docs/webhooks.md', async () => {
  const page = await readFile('docs/webhooks.md', 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z.]+)` \| ([^|]+) \|/gm)];
  const documented = rows.map(([, type = '', data = '']) => [
    type,
    // After the colon come the values of a list.
    [...(data.split(':')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, field]) => field),
  ]);
  expect(documented).toEqual(Object.entries(FIELDS).map(([type, fields]) => [type, Object.keys(fields)]));
});
