import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers, startLoad, startProgram, stopAll } from './processes.mjs';
import { Counters, startServers } from './servers.mjs';
import { Tables } from './tables.mjs';

/**
 * Gives a scenario what it measures with, and cleans up after it, whatever happens. The context contains:
 *
 * - `size`: the scenario's `sizes.full` or `sizes.quick`; `quick`: which of them
 * - `say(text)`: reports a step
 * - `folder`: an empty folder
 * - `tables`: databases and Redis, see bench/tables.mjs
 * - `counters`: what the two servers count, and their pids, see bench/servers.mjs
 * - `standIn`: `{ pid, port }` of WeChat
 * - `load`: a load generator, see bench/load/load.mjs. `startLoad()` of bench/processes.mjs starts more of them
 * - `shared`: `{ redisUrl, wechatUrl, key, folder }`, the settings that contestants have in common, the first argument
 *   of the functions in bench/contestants.mjs
 *
 * @param scenario `database` of a scenario, `{ bufferPoolMb }`, are settings of the database
 * @param work `(context) => Promise<result>`
 * @returns `{ ...result, run }`, where `run` says on what it was measured
 */
export async function withContext({ sizes, database }, quick, work) {
  const folder = mkdtempSync(join(tmpdir(), 'wechat-auth-bench-'));
  let tables;
  try {
    const urls = await startServers(folder, database);
    tables = await Tables.open(urls);
    const counters = await Counters.of(tables.connection, tables.redis);
    const standIn = await startProgram('stand-in.mjs', {});
    const wechatUrl = `http://127.0.0.1:${standIn.port}`;
    const key = randomBytes(32).toString('base64');
    const result = await work({
      size: quick ? sizes.quick : sizes.full,
      quick,
      say: (text) => console.log(text),
      folder,
      tables,
      counters,
      standIn,
      load: startLoad(),
      shared: { redisUrl: urls.redisUrl, wechatUrl, key, folder },
    });
    return { ...result, run: await describe(tables) };
  } finally {
    await stopAll();
    await tables?.close();
    await stopAll(servers);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function describe(tables) {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
  return {
    date: new Date().toISOString().slice(0, 10),
    servers: await tables.serverVersion(),
    versions: dependencies,
  };
}
