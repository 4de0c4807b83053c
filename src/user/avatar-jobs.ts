import { Injectable } from '@nestjs/common';
import { AvatarSource } from '../avatar/avatar-source.js';
import { freshId } from '../crypto/fresh-id.js';
import { Clock } from '../common/clock.js';
import { Database, type Statement } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';

/** Enqueues jobs. Each statement belongs to the transaction that makes the job necessary. */
@Injectable()
export class AvatarJobs {
  private enqueued = false;
  private onWake: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly source: AvatarSource,
    private readonly clock: Clock,
  ) {}

  /**
   * Enqueues the copy of a picture at WeChat. It replaces a pending copy of the same user. A pending copy of
   * the same URL keeps its back-off, so that logins do not shorten it. A merged or deleted user gets no copy.
   * To prevent deadlocks, the statement locks the user's row first, as all transactions do.
   * @param url headimgurl as WeChat sent it
   * @param replaces whether it replaces an existing picture; otherwise it is for a user without one
   * @returns no statement if the URL is not a picture or may not be fetched
   */
  copyStatements(userId: string, url: string | null, replaces: boolean): Statement[] {
    const picture = this.source.pictureUrl(url);
    if (picture === null) return [];
    this.enqueued = true;
    const mysql = this.database.dialect === 'mysql';
    const now = toSqlTime(this.clock.now());
    const flag = replaces ? 1 : 0;
    return [
      {
        // One copy per user: its id is the user's. MySQL evaluates assignments from left to right, so url
        // comes last.
        sql: `INSERT INTO avatar_jobs (id, kind, user_id, url, replaces, attempts, next_at, created_at)
              SELECT u.id, 'copy', u.id, ?, ?, 0, ?, ? FROM users u
              WHERE u.id = ? AND u.status <> 'merged' AND (u.avatar_key IS NULL OR ? = 1)${this.database.forUpdate}
              ${mysql ? 'ON DUPLICATE KEY UPDATE' : 'ON CONFLICT (id) DO UPDATE SET'}
                attempts = CASE WHEN avatar_jobs.url = ? THEN avatar_jobs.attempts ELSE 0 END,
                next_at = CASE WHEN avatar_jobs.url = ? THEN avatar_jobs.next_at ELSE ? END,
                replaces = ?, url = ?`,
        parameters: [picture, flag, now, now, userId, flag, picture, picture, now, flag, picture],
      },
    ];
  }

  /** Enqueues the deletion of a stored picture. */
  deleteStatement(avatarKey: string): Statement {
    this.enqueued = true;
    return deletion(freshId(), avatarKey, this.clock.now());
  }

  /**
   * Wakes the worker of this instance after the commit. Without this call the job waits for the next poll.
   */
  wake(): void {
    if (!this.enqueued) return;
    this.enqueued = false;
    this.onWake();
  }

  /** Sets the callback of `wake`. */
  listen(onWake: () => void): void {
    this.onWake = onWake;
  }
}

/**
 * The INSERT of a deletion.
 * @param at when it is due (ms)
 */
export function deletion(id: string, avatarKey: string, at: number): Statement {
  const time = toSqlTime(at);
  return {
    sql: `INSERT INTO avatar_jobs (id, kind, avatar_key, replaces, attempts, next_at, created_at)
          VALUES (?, 'delete', ?, 0, 0, ?, ?)`,
    parameters: [id, avatarKey, time, time],
  };
}
