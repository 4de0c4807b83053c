import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { placeholders } from '../database/statements.js';
import { type EventRow, type RecordedEvent, toRecordedEvent } from './event-log.js';

/** Filters of a search for events. */
export interface EventSearch {
  /** Exactly this user, even if it was merged; `null` for all users. */
  readonly userId: string | null;
  readonly type: string | null;
  /** Only events before this id; `null` for the first page. */
  readonly before: string | null;
  readonly limit: number;
}

export interface EventPage {
  /** At most `limit` events. There may be fewer, or none, although older ones match. */
  readonly events: RecordedEvent[];
  /** Cursor of the next page: it begins before this id. `null` on the last page. */
  readonly end: string | null;
}

/** Number of a user's events that one page scans for events of a type. */
const SCAN_LIMIT = 2_000;

/** Reads the audit trail for operators. */
@Injectable()
export class EventList {
  constructor(private readonly database: Database) {}

  /** Returns the events that match, the newest first. */
  async list(search: EventSearch): Promise<EventPage> {
    const { userId, type } = search;
    return userId !== null && type !== null
      ? this.ofUserByType({ ...search, userId, type })
      : this.byOneIndex(search);
  }

  private async byOneIndex({ userId, type, before, limit }: EventSearch): Promise<EventPage> {
    const conditions = [
      ...(userId === null ? [] : [{ sql: 'user_id = ?', value: userId, index: 'ix_events_user_id' }]),
      ...(type === null ? [] : [{ sql: 'type = ?', value: type, index: 'ix_events_type' }]),
      ...(before === null ? [] : [{ sql: 'id < ?', value: before, index: undefined }]),
    ];
    const index = conditions[0]?.index === undefined ? '' : this.database.forceIndex(conditions[0].index);
    const where =
      conditions.length === 0 ? '' : `WHERE ${conditions.map((condition) => condition.sql).join(' AND ')}`;
    const rows = await this.database.select<EventRow>(
      `SELECT id, type, user_id, actor, ip, request_id, details, created_at FROM events ${index} ${where}
       ORDER BY id DESC LIMIT ?`,
      [...conditions.map(({ value }) => value), limit + 1],
    );
    const events = rows.slice(0, limit);
    return {
      events: events.map(toRecordedEvent),
      end: rows.length > limit ? (events.at(-1)?.id ?? null) : null,
    };
  }

  /** Scans a bounded number of the user's events, because they may have thousands of other types. */
  private async ofUserByType({
    userId,
    type,
    before,
    limit,
  }: EventSearch & { readonly userId: string; readonly type: string }): Promise<EventPage> {
    const scanned = await this.database.select<{ id: string; type: string }>(
      `SELECT id, type FROM events ${this.database.forceIndex('ix_events_user_id')} WHERE user_id = ? ${before === null ? '' : 'AND id < ?'}
       ORDER BY id DESC LIMIT ${SCAN_LIMIT}`,
      [userId, ...(before === null ? [] : [before])],
    );
    const matching = scanned.filter((event) => event.type === type).map(({ id }) => id);
    const ids = matching.slice(0, limit);
    const rows =
      ids.length === 0
        ? []
        : await this.database.select<EventRow>(
            `SELECT id, type, user_id, actor, ip, request_id, details, created_at FROM events
             WHERE id IN (${placeholders(ids.length)}) ORDER BY id DESC`,
            ids,
          );
    const scannedTo = scanned.length === SCAN_LIMIT ? (scanned.at(-1)?.id ?? null) : null;
    return {
      events: rows.map(toRecordedEvent),
      end: matching.length > limit ? (ids.at(-1) ?? null) : scannedTo,
    };
  }
}
