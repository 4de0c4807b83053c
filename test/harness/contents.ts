import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { EphemeralStore } from '../../src/ephemeral/ephemeral-store.js';
import type { World } from './world.js';

/** All rows of all tables as one text, in which a test looks for what must not be there. */
export async function tableContents({ backend }: World): Promise<string> {
  let contents = '';
  for (const table of await backend.tables()) {
    contents += JSON.stringify(await backend.rows(`SELECT * FROM ${table}`));
  }
  return contents;
}

/** All keys and values of the short-lived store as one text: of Redis, or of the memory of the first instance. */
export async function storeContents(world: World): Promise<string> {
  const { REDIS_URL: url, REDIS_PREFIX: prefix } = world.backend.environment;
  if (url === undefined || prefix === undefined) {
    const store: unknown = world.service().app.get(EphemeralStore, { strict: false });
    return inspect(store, { depth: 8, maxArrayLength: null, maxStringLength: null });
  }
  const redis = new Redis(url);
  let contents = '';
  const scan = redis.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<string[]>;
  for await (const keys of scan) {
    for (const key of keys) {
      contents += `${key} ${(await redis.type(key)) === 'string' ? String(await redis.get(key)) : ''}\n`;
    }
  }
  redis.disconnect();
  return contents;
}
