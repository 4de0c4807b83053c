import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { isId } from '../../common/id.js';
import { Database, type Statement } from '../../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../../database/sql-time.js';
import { execute, placeholders } from '../../database/statements.js';
import { type Actor, EventLog } from '../../events/event-log.js';
import { type ExportedGrant, ExportedAs, type ExportPart } from '../../user/export-part.js';
import { type GrantOfPerson, grantReply } from './grants.replies.js';
import { findPerson, type Person } from './person.js';

/** A grant to store. */
export interface NewGrant {
  /** UUIDv7. */
  readonly id: string;
  readonly partnerId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  /** The payload of oidc-provider's `Grant`, with `isUnasked` where the person was not asked. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What a person granted a partner. Times in milliseconds. */
export interface Grant extends NewGrant {
  /** The scopes that the partner may still ask for. */
  readonly allowedScopes: readonly string[];
  /** The user that has the account now, after a merge too. */
  readonly userId: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
}

/** Maximum number of grants of a person at one partner that are read. There is one, or two after a merge. */
const MAX_AT_PARTNER = 100;
/** Grants that an export reads at once. */
const EXPORT_CHUNK = 500;
/** `last_used_at` is written at most once in this time (ms). */
const TOUCH_INTERVAL_MS = 60_000;

/** What people granted partners. A grant that was withdrawn has no row. */
@Injectable()
@ExportedAs('grants')
export class Grants implements ExportPart<'grants'> {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns a grant, read now. `null` if it was withdrawn, if the partner was deleted, if the person is disabled or
   * deleted, or if the person was not asked and the partner is not the operator's own any more.
   */
  async find(id: string): Promise<Grant | null> {
    if (!isId(id)) return null;
    const [row] = await this.database.select<ReadRow & { readonly person_id: string }>(
      `SELECT ${COLUMNS}, ${OF_PARTNER}, s.id AS person_id FROM partner_grants g
       JOIN partners p ON p.id = g.partner_id JOIN users u ON u.id = g.user_id
       JOIN users s ON s.id = COALESCE(u.merged_into, u.id)
       WHERE g.id = ? AND p.deleted_at IS NULL AND s.status = 'active'`,
      [id],
    );
    return row && counts(row) ? toGrant(row, row.person_id) : null;
  }

  /**
   * Stores a grant, or replaces scopes and payload of the grant with this id.
   * @param writes further statements of the same transaction, such as an event
   * @throws AppError NOT_FOUND if the partner was deleted; SESSION_ENDED if the user was
   */
  async save(grant: NewGrant, writes: readonly Statement[] = []): Promise<void> {
    const now = toSqlTime(this.clock.now());
    const { id, partnerId, userId } = grant;
    const scopes = grant.scopes.join(' ');
    const payload = JSON.stringify(grant.payload);
    const replace =
      this.database.dialect === 'mysql' ? 'ON DUPLICATE KEY UPDATE' : 'ON CONFLICT (id) DO UPDATE SET';
    await this.database.transaction(async (manager) => {
      const [found] = await manager.query<{ user_id: string | null }[]>(
        `SELECT u.id AS user_id FROM partners p LEFT JOIN users u ON u.id = ?
         WHERE p.id = ? AND p.deleted_at IS NULL`,
        [userId, partnerId],
      );
      if (!found) throw new AppError('NOT_FOUND', { detail: 'There is no such partner.' });
      if (found.user_id === null) throw new AppError('SESSION_ENDED');
      await execute(
        manager,
        {
          sql: `INSERT INTO partner_grants (id, partner_id, user_id, scopes, payload, created_at, last_used_at)
                VALUES (?, ?, ?, ?, ?, ?, ?) ${replace} scopes = ?, payload = ?`,
          parameters: [id, partnerId, userId, scopes, payload, now, now, scopes, payload],
        },
        ...writes,
      );
    });
  }

  /** Returns the grants of a person at a partner that `find` returns, the newest first. */
  async ofPersonAt(partnerId: string, userId: string): Promise<Grant[]> {
    const person = await findPerson(this.database, userId);
    if (!person?.isActive) return [];
    const rows = await this.database.select<ReadRow>(
      `SELECT ${COLUMNS}, ${OF_PARTNER} FROM partner_grants g ${this.database.forceIndex('ix_partner_grants_partner_user')}
       JOIN partners p ON p.id = g.partner_id
       WHERE g.partner_id = ? AND p.deleted_at IS NULL AND g.user_id IN (${placeholders(person.userIds.length)})
       ORDER BY g.id DESC LIMIT ${MAX_AT_PARTNER}`,
      [partnerId, ...person.userIds],
    );
    return rows.filter(counts).map((row) => toGrant(row, person.id));
  }

  /**
   * Returns a page of the grants of a person, the newest first.
   * @param before id of the last grant of the page before; `null` for the first page
   */
  async ofPerson(userId: string, before: string | null, limit: number): Promise<GrantOfPerson[]> {
    const person = await findPerson(this.database, userId);
    if (!person) return [];
    const rows = await this.database.select<ListedRow>(
      `SELECT g.id, g.scopes, g.created_at, g.last_used_at, p.id AS partner_id, p.name
       FROM partner_grants g ${this.database.forceIndex('ix_partner_grants_user_id')}
       JOIN partners p ON p.id = g.partner_id
       WHERE g.user_id IN (${placeholders(person.userIds.length)}) AND g.id < ? AND p.deleted_at IS NULL
       ORDER BY g.id DESC LIMIT ?`,
      [...person.userIds, before ?? AFTER_ALL_IDS, limit],
    );
    return rows.map((row) => ({
      id: row.id,
      partner: { id: row.partner_id, name: row.name },
      scopes: row.scopes.split(' '),
      createdAt: fromSqlTime(row.created_at),
      lastUsedAt: fromSqlTime(row.last_used_at),
    }));
  }

  /** All grants of a person, for an export. */
  async *exported(userId: string): AsyncGenerator<ExportedGrant[], void> {
    for (let before: string | null = null; ;) {
      const rows = await this.ofPerson(userId, before, EXPORT_CHUNK);
      const last = rows.at(-1);
      if (!last) return;
      yield rows.map(grantReply);
      before = last.id;
    }
  }

  /** Notes that a grant was used now, to the minute. */
  async touch(id: string): Promise<void> {
    const now = this.clock.now();
    await this.database.batch([
      {
        sql: 'UPDATE partner_grants SET last_used_at = ? WHERE id = ? AND last_used_at < ?',
        parameters: [toSqlTime(now), id, toSqlTime(now - TOUCH_INTERVAL_MS)],
      },
    ]);
  }

  /**
   * Withdraws all that a person granted: at one partner, or at all. Codes and refresh tokens are deleted by
   * cascade. One event for each partner. A repeated call changes and records nothing.
   * @param partnerId `null` for all partners
   */
  async withdraw(userId: string, partnerId: string | null, actor: Actor): Promise<void> {
    const person = await findPerson(this.database, userId);
    if (!person) return;
    await this.database.transaction(async (manager) => {
      // The events lock the user. Locked first, as the deletion of a user does, so that neither deadlocks.
      await manager.query(`SELECT id FROM users WHERE id = ?${this.database.forUpdate}`, [person.id]);
      const grants = await this.lockGrants(manager, person, partnerId);
      if (grants.length === 0) return;
      const partnerIds = [...new Set(grants.map((grant) => grant.partner_id))];
      await execute(
        manager,
        ...partnerIds.map((each) =>
          this.events.entryOf({
            type: 'partner.consent_withdrawn',
            userId: person.id,
            actor,
            details: { partnerId: each },
          }),
        ),
        {
          sql: `DELETE FROM partner_grants WHERE id IN (${placeholders(grants.length)})`,
          parameters: grants.map(({ id }) => id),
        },
      );
    });
  }

  /**
   * Withdraws all that a person granted the partner of a grant.
   * @throws AppError NOT_FOUND if the person has no such grant
   */
  async withdrawOne(userId: string, grantId: string, actor: Actor): Promise<void> {
    const [row] = isId(grantId)
      ? await this.database.select<{ partner_id: string; user_id: string }>(
          'SELECT partner_id, user_id FROM partner_grants WHERE id = ?',
          [grantId],
        )
      : [];
    const person = row ? await findPerson(this.database, userId) : null;
    if (!row || !person?.userIds.includes(row.user_id)) throw new AppError('NOT_FOUND');
    await this.withdraw(userId, row.partner_id, actor);
  }

  private lockGrants(
    manager: EntityManager,
    { userIds }: Person,
    partnerId: string | null,
  ): Promise<{ id: string; partner_id: string }[]> {
    const atPartner = partnerId === null ? '' : 'AND partner_id = ?';
    return manager.query(
      `SELECT id, partner_id FROM partner_grants
       WHERE user_id IN (${placeholders(userIds.length)}) ${atPartner}${this.database.forUpdate}`,
      [...userIds, ...(partnerId === null ? [] : [partnerId])],
    );
  }
}

/** Sorts after every id, because ids are hexadecimal. */
const AFTER_ALL_IDS = 'g';
const COLUMNS = 'g.id, g.partner_id, g.scopes, g.payload, g.created_at, g.last_used_at';
/** What of the partner decides how much of a grant counts. */
const OF_PARTNER = 'p.scopes AS partner_scopes, p.first_party';

interface GrantRow {
  readonly id: string;
  readonly partner_id: string;
  readonly scopes: string;
  readonly payload: string;
  readonly created_at: SqlTime;
  readonly last_used_at: SqlTime;
}

interface ReadRow extends GrantRow {
  readonly partner_scopes: string;
  readonly first_party: number;
}

type ListedRow = Omit<GrantRow, 'payload'> & { readonly name: string };

/** A grant that the operator gave in place of the person counts as long as the partner is the operator's own. */
function counts({ payload, first_party: firstParty }: ReadRow): boolean {
  return firstParty === 1 || !(JSON.parse(payload) as { isUnasked?: boolean }).isUnasked;
}

function toGrant(row: ReadRow, userId: string): Grant {
  const allowed = new Set(row.partner_scopes.split(' '));
  const scopes = row.scopes.split(' ');
  return {
    id: row.id,
    partnerId: row.partner_id,
    userId,
    scopes,
    allowedScopes: scopes.filter((scope) => allowed.has(scope)),
    payload: JSON.parse(row.payload) as Record<string, unknown>,
    createdAt: fromSqlTime(row.created_at),
    lastUsedAt: fromSqlTime(row.last_used_at),
  };
}
