import type { QueryRunner } from 'typeorm';

/** Runs a work between BEGIN and COMMIT of a connection, and ROLLBACK where it rejects. */
export async function inTransaction<T>(
  runner: QueryRunner,
  isolation: 'READ COMMITTED' | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await runner.startTransaction(isolation);
  try {
    const result = await work();
    await runner.commitTransaction();
    return result;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}
