import { join } from 'node:path';
import { RETURN_TO } from './load/visitors.mjs';
import { freePort, startProgram } from './processes.mjs';

export const MINI_PROGRAM_ID = 'wxbe0c40000000001a';
const MINI_PROGRAM = `${MINI_PROGRAM_ID}:0123456789abcdef0123456789abcdef`;
export const WEBSITE_ID = 'wxbe0c40000000002b';
const WEBSITE = `${WEBSITE_ID}:fedcba9876543210fedcba9876543210`;

/**
 * The service's settings: as in production, but without limits per address, because one address simulates all clients.
 * Production refuses that.
 * @returns `{ port, database, environment }`, the arguments of `startService`
 */
export async function serviceOn(database, { redisUrl, wechatUrl, key, folder }) {
  const port = await freePort();
  return {
    port,
    database,
    environment: {
      NODE_ENV: 'test',
      RATE_LIMITS: 'off',
      DOCS: 'off',
      LOG_LEVEL: 'info',
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      DATABASE_URL: database,
      REDIS_URL: redisUrl,
      ENCRYPTION_KEYS: key,
      AVATAR_STORE: `disk:${join(folder, 'avatars')}`,
      RETURN_URLS: new URL(RETURN_TO).origin,
      WECHAT_MINI_PROGRAMS: MINI_PROGRAM,
      WECHAT_WEBSITES: WEBSITE,
      WECHAT_API_URL: wechatUrl,
      WECHAT_OPEN_URL: wechatUrl,
    },
  };
}

/** Starts the floor. @param options of `startProgram`, and `more` of its environment */
export async function startFloor(database, { redisUrl, wechatUrl, key }, { more = {}, ...options } = {}) {
  const environment = {
    DATABASE_URL: database,
    REDIS_URL: redisUrl,
    WECHAT_API_URL: wechatUrl,
    WECHAT_OPEN_URL: wechatUrl,
    ENCRYPTION_KEY: key,
    MINI_PROGRAM,
    WEBSITE,
    RETURN_TO,
    ...more,
  };
  return startProgram('contestants/floor.mjs', environment, options);
}

export async function startBetterAuth(database, { wechatUrl }) {
  return startProgram('contestants/better-auth.mjs', {
    DATABASE_URL: database,
    WECHAT_API_URL: wechatUrl,
    WEBSITE,
  });
}

/** @param options of `startProgram` */
export async function startBare(options) {
  return startProgram('contestants/bare.mjs', {}, options);
}
