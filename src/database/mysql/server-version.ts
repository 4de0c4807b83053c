import { StartFault } from '../../common/start-fault.js';

/** The first versions with `FOR UPDATE SKIP LOCKED`, which the queues need to claim work. */
const MINIMUM = {
  MariaDB: [10, 6],
  MySQL: [8, 0],
} as const;

/**
 * Checks the version of the server.
 * @param version result of `SELECT VERSION()`, for example `10.11.6-MariaDB-log` or `8.0.36`
 * @throws StartFault if the server is too old
 */
export function refuseOldServer(version: string): void {
  const name = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL';
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return;
  const [leastMajor, leastMinor] = MINIMUM[name];
  const isOld = Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor);
  if (isOld) {
    throw new StartFault(
      `DATABASE_URL leads to ${name} ${major}.${minor}, which is too old: MariaDB 10.6 or later is needed, or MySQL 8.0.`,
    );
  }
}
