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

/** Reads the audit trail for operators. */
@Injectable()
export class EventList {
  constructor(private readonly database: Database) {}

  /** The events that match, the newest first. */
  async list({ userId, type, before, limit }: EventSearch): Promise<RecordedEvent[]> {
    const conditions = [
      ...(userId === null ? [] : [{ sql: 'user_id = ?', value: userId }]),
      ...(type === null ? [] : [{ sql: 'type = ?', value: type }]),
      ...(before === null ? [] : [{ sql: 'id < ?', value: before }]),
    ];
    const where =
      conditions.length === 0 ? '' : `WHERE ${conditions.map((condition) => condition.sql).join(' AND ')}`;
    const rows = await this.database.select<EventRow>(
      `SELECT id, type, user_id, actor, ip, request_id, details, created_at FROM events ${where}
       ORDER BY id DESC LIMIT ?`,
      [...conditions.map(({ value }) => value), limit],
    );
    return rows.map(toRecordedEvent);
  }
}
