import type { Database } from '../../database/database.js';

/** The users that are one person. */
export interface Person {
  /** Id of the user into whom the others were merged. */
  readonly id: string;
  /** Whether the account may be used: neither disabled nor deleted. */
  readonly isActive: boolean;
  /** All ids of the person, `id` among them. Grants and subjects stay with the id that they were made for. */
  readonly userIds: readonly string[];
}

/** Finds a person by the id of any of their users; `null` for a deleted one. */
export async function findPerson(database: Database, userId: string): Promise<Person | null> {
  const rows = await database.select<{ id: string; status: string }>(
    `SELECT s.id, s.status FROM users u JOIN users s ON s.id = COALESCE(u.merged_into, u.id) WHERE u.id = ?
     UNION ALL
     SELECT m.id, m.status FROM users u JOIN users m ON m.merged_into = COALESCE(u.merged_into, u.id) WHERE u.id = ?`,
    [userId, userId],
  );
  const survivor = rows.find(({ status }) => status !== 'merged');
  if (!survivor) return null;
  return { id: survivor.id, isActive: survivor.status === 'active', userIds: rows.map(({ id }) => id) };
}
