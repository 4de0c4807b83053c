import type { QueryRunner } from 'typeorm';
import { AppError } from '../common/app-error.js';

/** Lock names are the server's, not the database's, and at most 64 characters long. */
const NAME = `CONCAT(LEFT(CONCAT('wechat-auth:', SHA1(DATABASE())), 40), ':', ?)`;

/**
 * Takes a lock of the database server that all instances share (MySQL only). It ends with its connection, too.
 * @param waitSeconds for whoever has it
 * @throws AppError DATABASE_UNAVAILABLE where that was not enough
 */
export async function takeNamedLock(runner: QueryRunner, name: string, waitSeconds: number): Promise<void> {
  const [row] = (await runner.query(`SELECT GET_LOCK(${NAME}, ?) AS locked`, [name, waitSeconds])) as {
    locked: number | string | null;
  }[];
  if (Number(row?.locked) !== 1) {
    throw new AppError('DATABASE_UNAVAILABLE', { detail: `no lock "${name}" in time` });
  }
}

/** Gives it back, on the connection that took it. */
export async function releaseNamedLock(runner: QueryRunner, name: string): Promise<void> {
  await runner.query(`SELECT RELEASE_LOCK(${NAME})`, [name]);
}
