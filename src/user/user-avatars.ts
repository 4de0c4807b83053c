import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AvatarFault } from '../avatar/avatar-fault.js';
import type { EncodedAvatar } from '../avatar/avatar-sizes.js';
import { AvatarStore } from '../avatar/avatar-store.js';
import { PictureProcess } from '../avatar/picture-process.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { freshId } from '../crypto/fresh-id.js';
import { freshSecret } from '../crypto/secret.js';
import { Database, type Statement } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { execute } from '../database/statements.js';
import { EventLog } from '../events/event-log.js';
import { AvatarJobs, deletion } from './avatar-jobs.js';
import { AvatarQueue, type ClaimedCopy } from './avatar-queue.js';
import type { ProfileSource, UserStatus } from './user.entity.js';

/** Much longer than the time between storing a picture and using it. */
const UNUSED_MS = 60 * 60 * 1_000;

/** A stored picture that no user has yet, and its scheduled deletion. */
interface StoredPicture {
  readonly key: string;
  readonly deletionId: string;
}

/**
 * Assigns pictures to users. The store takes no part in transactions, so each picture is scheduled for
 * deletion before it is stored.
 */
@Injectable()
export class UserAvatars {
  constructor(
    private readonly database: Database,
    private readonly pictures: PictureProcess,
    private readonly store: AvatarStore,
    private readonly events: EventLog,
    private readonly jobs: AvatarJobs,
    private readonly queue: AvatarQueue,
    private readonly clock: Clock,
  ) {}

  /**
   * Sets the picture that a person chose. It replaces the existing one and a pending copy from WeChat.
   * @param bytes the file as it was sent
   * @throws AppError AVATAR_INVALID, AVATARS_BUSY, AVATAR_STORE_UNAVAILABLE; SESSION_ENDED if the user no
   * longer exists
   */
  async choose(userId: string, bytes: Buffer): Promise<void> {
    const encoded = await this.pictures.encode(bytes).catch((error: unknown) => {
      if (!(error instanceof AvatarFault)) throw error;
      throw new AppError(error.permanent ? 'AVATAR_INVALID' : 'AVATARS_BUSY', { cause: error });
    });
    const picture = await this.keep(encoded);
    await this.database.transaction(async (manager) => {
      const user = await this.lock(manager, userId);
      if (!user) throw new AppError('SESSION_ENDED');
      await execute(
        manager,
        { sql: "DELETE FROM avatar_jobs WHERE id = ? AND kind = 'copy'", parameters: [userId] },
        ...(await this.use(manager, userId, user.avatar_key, picture, 'person')),
        this.events.entry({ type: 'user.updated', userId, actor: 'user', details: { changed: ['avatar'] } }),
      );
    });
    this.jobs.wake();
  }

  /** Returns the URLs of a user's pictures that are still to be copied. */
  async pendingOf(userId: string): Promise<string[]> {
    const rows = await this.database.select<{ url: string }>(
      "SELECT url FROM avatar_jobs WHERE user_id = ? AND kind = 'copy'",
      [userId],
    );
    return rows.map(({ url }) => url);
  }

  /**
   * Sets the picture that a copy job fetched from WeChat, and finishes the job. Changes nothing if the job
   * was deleted or its lease was lost.
   * @throws AppError AVATAR_STORE_UNAVAILABLE
   */
  async adopt(job: ClaimedCopy, encoded: readonly EncodedAvatar[]): Promise<void> {
    const picture = await this.keep(encoded);
    await this.database.transaction(async (manager) => {
      const user = await this.lock(manager, job.userId);
      const row = await this.queue.held(manager, job);
      if (!user || !row) return;
      const wanted = user.avatar_key === null || Boolean(row.replaces);
      await execute(
        manager,
        { sql: 'DELETE FROM avatar_jobs WHERE id = ?', parameters: [job.key] },
        ...(wanted
          ? [
              ...(await this.use(manager, job.userId, user.avatar_key, picture, 'wechat')),
              this.events.entry({
                type: 'user.updated',
                userId: job.userId,
                actor: 'system',
                details: { changed: ['avatar'] },
              }),
            ]
          : []),
      );
    });
    this.jobs.wake();
  }

  /**
   * Stores a picture. Its deletion is scheduled first, and cancelled in the transaction that uses the
   * picture. So no crash and no deletion of the user in between leaves an orphaned picture.
   */
  private async keep(encoded: readonly EncodedAvatar[]): Promise<StoredPicture> {
    const picture = { key: freshSecret(), deletionId: freshId() };
    await this.database.batch([deletion(picture.deletionId, picture.key, this.clock.now() + UNUSED_MS)]);
    for (const { size, bytes: webp } of encoded) await this.store.put(picture.key, size, webp);
    return picture;
  }

  /** Locks the user's row, before any job is locked. Returns `null` for a user who was merged or deleted. */
  private async lock(manager: EntityManager, userId: string): Promise<{ avatar_key: string | null } | null> {
    const [user] = await manager.query<{ avatar_key: string | null; status: UserStatus }[]>(
      `SELECT avatar_key, status FROM users WHERE id = ?${this.database.forUpdate}`,
      [userId],
    );
    return user && user.status !== 'merged' ? user : null;
  }

  private async use(
    manager: EntityManager,
    userId: string,
    formerKey: string | null,
    { key, deletionId }: StoredPicture,
    source: ProfileSource,
  ): Promise<Statement[]> {
    const [waiting] = await manager.query<unknown[]>(
      `SELECT id FROM avatar_jobs WHERE id = ? AND attempts = 0${this.database.forUpdate}`,
      [deletionId],
    );
    if (!waiting) throw new Error('the picture was deleted before it was used');
    return [
      { sql: 'DELETE FROM avatar_jobs WHERE id = ?', parameters: [deletionId] },
      {
        sql: 'UPDATE users SET avatar_key = ?, avatar_source = ?, updated_at = ? WHERE id = ?',
        parameters: [key, source, toSqlTime(this.clock.now()), userId],
      },
      ...(formerKey === null ? [] : [this.jobs.deleteStatement(formerKey)]),
    ];
  }
}
