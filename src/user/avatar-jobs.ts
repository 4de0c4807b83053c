import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AvatarSource } from '../avatar/avatar-source.js';
import { Clock } from '../common/clock.js';
import { Database, type Statement } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';

/** Pictures that are copied and deleted in the background. The statements stand with what they belong to. */
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
   * Enqueues the copy of a picture at WeChat. It takes the place of an older copy of the same user that is still to
   * come; one from the same address goes on where it is, so that logins do not hurry what was put off. A user who
   * is gone gets none.
   *
   * The user's row is locked first, as everywhere: two statements of two transactions cannot wait for each other.
   * @param url headimgurl as WeChat gave it
   * @param replaces whether it replaces a picture that is there; else it only fills an empty place
   * @returns nothing where the address is no picture, or one that may not be fetched
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
        // The id is the user's: there is one copy per user. MySQL assigns from left to right: url comes last.
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
    return deletion(uuidv7(), avatarKey, this.clock.now());
  }

  /** Says that what was enqueued is committed: this instance begins at once. Others, and a missed call, within 2 s. */
  wake(): void {
    if (!this.enqueued) return;
    this.enqueued = false;
    this.onWake();
  }

  /** For the worker: whom `wake` calls. */
  listen(onWake: () => void): void {
    this.onWake = onWake;
  }
}

/** The INSERT of a deletion. @param at ms, not before then */
export function deletion(id: string, avatarKey: string, at: number): Statement {
  const time = toSqlTime(at);
  return {
    sql: `INSERT INTO avatar_jobs (id, kind, avatar_key, replaces, attempts, next_at, created_at)
          VALUES (?, 'delete', ?, 0, 0, ?, ?)`,
    parameters: [id, avatarKey, time, time],
  };
}
