import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../common/clock.js';
import { KeyRing } from '../../crypto/key-ring.js';
import { Database } from '../../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../../database/sql-time.js';
import { execute } from '../../database/statements.js';
import type { RawPush } from './relay-sender.js';

/** Where a push waits: one receiver, one person. */
export interface Mailbox {
  readonly receiver: string;
  readonly person: string;
}

/** A push for one receiver, to be kept until the receiver has it. */
export interface KeptPush extends Mailbox {
  /** When it was received (ms since the epoch). */
  readonly receivedAt: number;
  /** Whether all that waits was received before, whatever the clock of the instance that received it. */
  readonly isLast: boolean;
  readonly pushKey: string;
  /** Whether it is a notice that only an answer of its own counts for. */
  readonly isNotice: boolean;
  readonly push: RawPush;
  /** When the queue delivers it, where its mailbox is new (ms since the epoch). */
  readonly dueAt: number;
}

/** A push that is to be delivered. */
export interface WaitingPush {
  readonly id: string;
  readonly pushKey: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly sealed: string;
}

interface Row {
  readonly id: string;
  readonly push_key: string;
  readonly received_at: SqlTime;
  readonly sealed: string;
}

/** What is sealed. The body is base64. */
interface Content {
  readonly isNotice: boolean;
  readonly rawQuery: string;
  readonly contentType: string | null;
  readonly body: string;
}

/**
 * The pushes that receivers have not taken yet. A transaction locks the mailbox before it adds or deletes pushes in
 * it, so that no mailbox disappears while a push is put into it. Nothing of a push stands in the table in clear.
 */
@Injectable()
export class RelayedPushes {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly keyRing: KeyRing,
  ) {}

  /**
   * Keeps a push until its receiver has it. One that is kept already is counted.
   * @returns how often it was kept
   * @throws AppError DATABASE_UNAVAILABLE
   */
  keep(push: KeptPush): Promise<number> {
    return this.database.transaction((manager) => this.insert(manager, push));
  }

  /** Keeps a push for several receivers, in one transaction. @throws AppError DATABASE_UNAVAILABLE */
  async keepCopies(copies: readonly KeptPush[]): Promise<void> {
    // In one order everywhere, so that two transactions do not wait for each other.
    const ordered = copies.toSorted((a, b) => (a.receiver < b.receiver ? -1 : 1));
    await this.database.transaction(async (manager) => {
      for (const push of ordered) await this.insert(manager, push);
    });
  }

  /**
   * Which push of a mailbox is to be delivered first.
   * @returns its key; `null` where the mailbox is empty
   * @throws AppError DATABASE_UNAVAILABLE
   */
  async head({ receiver, person }: Mailbox): Promise<string | null> {
    const [row] = await this.database.select<{ push_key: string }>(
      'SELECT push_key FROM relayed_pushes WHERE receiver = ? AND person = ? ORDER BY id LIMIT 1',
      [receiver, person],
    );
    return row?.push_key ?? null;
  }

  /**
   * Deletes a push that its receiver has answered after all. What stands behind it becomes due.
   * @throws AppError DATABASE_UNAVAILABLE
   */
  async forget(mailbox: Mailbox, pushKey: string): Promise<void> {
    const { receiver, person } = mailbox;
    await this.database.transaction(async (manager) => {
      await this.lock(manager, mailbox);
      await execute(manager, {
        sql: 'DELETE FROM relayed_pushes WHERE receiver = ? AND push_key = ?',
        parameters: [receiver, pushKey],
      });
      if (await this.deleteIfEmpty(manager, mailbox)) return;
      await execute(manager, {
        // A mailbox with attempts may be leased: its `next_at` belongs to the holder.
        sql: 'UPDATE push_mailboxes SET next_at = ? WHERE receiver = ? AND person = ? AND attempts = 0',
        parameters: [toSqlTime(this.clock.now()), receiver, person],
      });
    });
  }

  /** The push of a mailbox that arrived first. @throws AppError DATABASE_UNAVAILABLE */
  async first({ receiver, person }: Mailbox): Promise<WaitingPush | null> {
    const [row] = await this.database.select<Row>(
      `SELECT id, push_key, received_at, sealed FROM relayed_pushes
       WHERE receiver = ? AND person = ? ORDER BY id LIMIT 1`,
      [receiver, person],
    );
    if (!row) return null;
    const { id, sealed } = row;
    return { id, pushKey: row.push_key, receivedAt: fromSqlTime(row.received_at), sealed };
  }

  /** Deletes a push that was delivered. @throws AppError DATABASE_UNAVAILABLE */
  async delivered(id: string): Promise<void> {
    await this.database.batch([{ sql: 'DELETE FROM relayed_pushes WHERE id = ?', parameters: [id] }]);
  }

  /** Deletes a mailbox, which the transaction has locked, unless a push is in it. @returns whether it was empty */
  async deleteIfEmpty(manager: EntityManager, mailbox: Mailbox): Promise<boolean> {
    if (!(await this.isEmpty(manager, mailbox))) return false;
    await execute(manager, {
      sql: 'DELETE FROM push_mailboxes WHERE receiver = ? AND person = ?',
      parameters: [mailbox.receiver, mailbox.person],
    });
    return true;
  }

  /** Whether no push is in a mailbox, which the transaction has locked. */
  async isEmpty(manager: EntityManager, { receiver, person }: Mailbox): Promise<boolean> {
    const left = await manager.query<unknown[]>(
      `SELECT id FROM relayed_pushes WHERE receiver = ? AND person = ? LIMIT 1${this.database.forUpdate}`,
      [receiver, person],
    );
    return left.length === 0;
  }

  /** Locks a mailbox until the transaction ends. */
  async lock(manager: EntityManager, { receiver, person }: Mailbox): Promise<void> {
    await manager.query(
      `SELECT person FROM push_mailboxes WHERE receiver = ? AND person = ?${this.database.forUpdate}`,
      [receiver, person],
    );
  }

  /** @throws SealError where its key is no longer in ENCRYPTION_KEYS */
  open({ id, sealed }: WaitingPush): RawPush & { readonly isNotice: boolean } {
    const { body, ...content } = JSON.parse(this.keyRing.open(sealed, place(id))) as Content;
    return { ...content, body: Buffer.from(body, 'base64') };
  }

  private seal(id: string, { isNotice, push: { rawQuery, contentType, body } }: KeptPush): string {
    const content: Content = { isNotice, rawQuery, contentType, body: body.toString('base64') };
    return this.keyRing.seal(JSON.stringify(content), place(id));
  }

  private async insert(manager: EntityManager, push: KeptPush): Promise<number> {
    const { receiver, person, pushKey, dueAt } = push;
    const mysql = this.database.dialect === 'mysql';
    await execute(manager, {
      // Locks the row also where it exists.
      sql: `INSERT INTO push_mailboxes (receiver, person, attempts, next_at) VALUES (?, ?, 0, ?) ${
        mysql ? 'ON DUPLICATE KEY UPDATE attempts = attempts' : 'ON CONFLICT (receiver, person) DO NOTHING'
      }`,
      parameters: [receiver, person, toSqlTime(dueAt)],
    });
    const id = await this.idFor(manager, push);
    await execute(manager, {
      sql: `INSERT INTO relayed_pushes (id, receiver, person, push_key, tries, sealed, received_at)
            VALUES (?, ?, ?, ?, 1, ?, ?) ${
              mysql
                ? 'ON DUPLICATE KEY UPDATE tries = tries + 1'
                : 'ON CONFLICT (receiver, push_key) DO UPDATE SET tries = tries + 1'
            }`,
      parameters: [id, receiver, person, pushKey, this.seal(id, push), toSqlTime(this.clock.now())],
    });
    const [row] = await manager.query<{ tries: number }[]>(
      'SELECT tries FROM relayed_pushes WHERE receiver = ? AND push_key = ?',
      [receiver, pushKey],
    );
    return row?.tries ?? 1;
  }

  /** A UUIDv7 of the receipt; for the last push of a mailbox, which is locked, one behind all others. */
  private async idFor(
    manager: EntityManager,
    { receiver, person, receivedAt, isLast }: KeptPush,
  ): Promise<string> {
    const id = uuidv7({ msecs: receivedAt });
    if (!isLast) return id;
    const [last] = await manager.query<{ id: string }[]>(
      'SELECT id FROM relayed_pushes WHERE receiver = ? AND person = ? ORDER BY id DESC LIMIT 1',
      [receiver, person],
    );
    return last === undefined || last.id < id ? id : uuidv7({ msecs: timeOf(last.id) + 1 });
  }
}

/** Milliseconds since the epoch. */
function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 13).replace('-', ''), 16);
}

function place(id: string): string {
  return `relayed_pushes.sealed:${id}`;
}
