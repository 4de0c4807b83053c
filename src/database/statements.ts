import type { EntityManager } from 'typeorm';
import type { Statement } from './connections.js';

/** Runs statements one after another in the transaction of the manager. */
export async function execute(manager: EntityManager, ...statements: readonly Statement[]): Promise<void> {
  for (const { sql, parameters } of statements) await manager.query(sql, [...parameters]);
}

/** The placeholders of a list of values: `?, ?, ?`. */
export function placeholders(count: number): string {
  return Array<string>(count).fill('?').join(', ');
}
