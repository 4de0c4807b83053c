import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { isDuplicate, isForeignKeyViolation } from '../../database/database-errors.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../../database/sql-time.js';
import { placeholders } from '../../database/statements.js';
import { type ExportedSubject, ExportedAs, type ExportPart } from '../../user/export-part.js';
import { findPerson, type Person } from './person.js';

const SUB_BYTES = 16;
/** Subjects that an export reads at once. */
const EXPORT_CHUNK = 500;

/**
 * Pairwise subjects: a partner knows a person by a random text that no other partner has (OpenID Connect
 * Core, section 8.1). It survives a merge: of several the earliest counts.
 */
@Injectable()
@ExportedAs('partnerSubjects')
export class Subjects implements ExportPart<'partnerSubjects'> {
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

  /** All subjects of a person, for an export. */
  async *exported(userId: string): AsyncGenerator<ExportedSubject[], void> {
    const person = await findPerson(this.database, userId);
    for (const id of person?.userIds ?? []) {
      for (let after = ''; ;) {
        const rows = await this.database.select<SubjectRow>(
          `SELECT p.id, p.name, s.sub, s.created_at
           FROM partner_subjects s ${this.database.forceIndex('ix_partner_subjects_user_id')}
           JOIN partners p ON p.id = s.partner_id
           WHERE s.user_id = ? AND s.partner_id > ? ORDER BY s.partner_id LIMIT ${EXPORT_CHUNK}`,
          [id, after],
        );
        const last = rows.at(-1);
        if (!last) break;
        yield rows.map(toExported);
        after = last.id;
      }
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

interface SubjectRow {
  readonly id: string;
  readonly name: string;
  readonly sub: string;
  readonly created_at: SqlTime;
}

function toExported({ id, name, sub, created_at: createdAt }: SubjectRow): ExportedSubject {
  return { partner: { id, name }, sub, createdAt: new Date(fromSqlTime(createdAt)).toISOString() };
}
