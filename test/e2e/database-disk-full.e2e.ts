import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { firstLogin, isReady, send, within, type Write, writes } from '../harness/ledger.js';
import { MariadbServer } from '../harness/mariadb-server.js';
import { API_KEYS } from '../harness/operator.js';
import { SmallDisk } from '../harness/small-disk.js';
import { World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null };

/** More rows than the pages of a small table hold: one insert needs a page that does not fit on the disk. */
const LOGINS = 80;

const disk = backend.databaseUrl === null ? null : SmallDisk.mount(100);

(disk ? describe : describe.skip)('MariaDB on a disk that fills', () => {
  let server: MariadbServer;
  let world: World;
  beforeAll(async () => {
    server = await MariadbServer.start([], disk?.folder);
    world = await World.start({ ...API_KEYS, DATABASE_URL: server.url });
  }, 60_000);
  afterAll(async () => {
    disk?.free();
    await world.stop();
    await server.stop();
    await disk?.unmount();
  });

  const change = async (sql: string) => {
    await server.rows(sql);
  };
  const lost = (ledger: readonly string[]) => server.rows(ledger.join(' UNION ALL '));

  test('no write is acknowledged that is not in the database, not ready, and all work once there is room', async () => {
    const ledger: string[] = [];
    const all = await writes(world, change);
    const logins: Write[] = [];
    for (let login = 0; login < LOGINS; login++) logins.push(await firstLogin(world, await world.person()));
    disk?.fill(0);
    expect(await send([...logins, ...all], ledger)).not.toEqual([]);
    expect(await isReady(world.url)).toBe(false);
    expect(await isReady(world.url)).toBe(false);
    expect(await lost(ledger)).toEqual([]);

    disk?.free();
    await within(5_000, () => isReady(world.url));
    expect(await send(await writes(world, change), ledger)).toEqual([]);
    expect(await lost(ledger)).toEqual([]);
  }, 90_000);
});
