import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { isDuplicate, isForeignKeyViolation } from '../../database/database-errors.js';
import { toSqlTime } from '../../database/sql-time.js';
import { placeholders } from '../../database/statements.js';
import { findPerson, type Person } from './person.js';

const SUB_BYTES = 16;

/**
 * Pairwise subjects: a partner knows a person by a random text that no other partner has (OpenID Connect
 * Core, section 8.1). It survives a merge: of several the earliest counts.
 */
@Injectable()
export class Subjects {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the subject of a person at a partner, 32 lower-case hexadecimal digits. It is made at the first
   * call; concurrent calls return the same.
   * @throws AppError SESSION_ENDED if the user or the partner was deleted
   */
  async subOf(partnerId: string, userId: string): Promise<string> {
    for (;;) {
      const person = await findPerson(this.database, userId);
      if (!person) throw new AppError('SESSION_ENDED');
      const sub = await this.earliest(partnerId, person);
      if (sub !== null) return sub;
      // Read again after the insert: a merge may have brought an earlier one.
      await this.add(partnerId, person);
    }
  }

  private async earliest(partnerId: string, { userIds }: Person): Promise<string | null> {
    const [row] = await this.database.select<{ sub: string }>(
      `SELECT sub FROM partner_subjects WHERE partner_id = ? AND user_id IN (${placeholders(userIds.length)})
       ORDER BY created_at, user_id LIMIT 1`,
      [partnerId, ...userIds],
    );
    return row?.sub ?? null;
  }

  private async add(partnerId: string, { id }: Person): Promise<void> {
    const sub = randomBytes(SUB_BYTES).toString('hex');
    try {
      await this.database.batch([
        {
          sql: 'INSERT INTO partner_subjects (partner_id, user_id, sub, created_at) VALUES (?, ?, ?, ?)',
          parameters: [partnerId, id, sub, toSqlTime(this.clock.now())],
        },
      ]);
    } catch (error) {
      if (isForeignKeyViolation(error)) throw new AppError('SESSION_ENDED');
      if (!isDuplicate(error)) throw error;
    }
  }
}
