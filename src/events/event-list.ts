import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { type EventRow, type RecordedEvent, toRecordedEvent } from './event-log.js';

/** Which events are looked for. */
export interface EventSearch {
  /** Exactly this user, also one that was merged; everybody where `null`. */
  readonly userId: string | null;
  readonly type: string | null;
  /** Only events before this id; `null` for the first page. */
  readonly before: string | null;
  readonly limit: number;
}

/** One page of events. */
export interface EventPage {
  /** At most as many as asked for; fewer, or none, also where more are behind them. */
  readonly events: RecordedEvent[];
  /** The id behind which the next page begins; `null` on the last one. */
  readonly end: string | null;
}

/** Events of a user that one page looks through for those of a type. */
const WINDOW = 2_000;

/** Reads the audit trail for operators. */
@Injectable()
export class EventList {
  constructor(private readonly database: Database) {}

  /** The events that match, the newest first. */
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

  /** Looks through the next events of the user, and no further: they may have thousands of another type. */
  private async ofUserByType({
    userId,
    type,
    before,
    limit,
  }: EventSearch & { readonly userId: string; readonly type: string }): Promise<EventPage> {
    const looked = await this.database.select<{ id: string; type: string }>(
      `SELECT id, type FROM events ${this.database.forceIndex('ix_events_user_id')} WHERE user_id = ? ${before === null ? '' : 'AND id < ?'}
       ORDER BY id DESC LIMIT ${WINDOW}`,
      [userId, ...(before === null ? [] : [before])],
    );
    const matching = looked.filter((event) => event.type === type).map(({ id }) => id);
    const ids = matching.slice(0, limit);
    const rows =
      ids.length === 0
        ? []
        : await this.database.select<EventRow>(
            `SELECT id, type, user_id, actor, ip, request_id, details, created_at FROM events
             WHERE id IN (${ids.map(() => '?').join(', ')}) ORDER BY id DESC`,
            ids,
          );
    const lookedAt = looked.length === WINDOW ? (looked.at(-1)?.id ?? null) : null;
    return {
      events: rows.map(toRecordedEvent),
      end: matching.length > limit ? (ids.at(-1) ?? null) : lookedAt,
    };
  }
}
