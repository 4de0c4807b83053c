import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { KeyRing, SealError } from '../common/key-ring.js';
import { Database, type Statement } from '../database/database.js';

const EVERY_MS = 60 * 60 * 1_000;
const CHUNK = 200;

/** Sealed columns of an identity, and the place that each value was sealed for. */
const COLUMNS = {
  session_key: 'session_key',
  // It was the session_key when it was sealed, and is copied as it stands.
  previous_session_key: 'session_key',
  refresh_token: 'refresh_token',
} as const;
type Column = keyof typeof COLUMNS;
const NAMES = Object.keys(COLUMNS) as Column[];

type Row = { readonly id: string } & Readonly<Record<Column, string | null>>;

/**
 * Moves what was sealed under an older key of ENCRYPTION_KEYS to the current one, in the background, so that the old
 * key can go. Does nothing while there is one key.
 */
@Injectable()
export class SealingAgain implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(SealingAgain.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
  ) {}

  onModuleInit(): void {
    if (!this.keyRing.isRotating) return;
    const run = () => void this.run().catch(() => this.logger.warn('sealing again did not finish'));
    this.timer = setInterval(run, EVERY_MS).unref();
    setImmediate(run);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /**
   * Goes through all identities once. What no key of the ring opens stays as it is: the ring may be the wrong one.
   * @returns how many values were moved
   */
  async run(): Promise<number> {
    let moved = 0;
    let after = '';
    for (;;) {
      const rows = await this.outdated(after);
      const last = rows.at(-1);
      if (!last) return moved;
      const writes = rows.flatMap((row) => this.writes(row));
      if (writes.length > 0) await this.database.batch(writes);
      moved += writes.length;
      after = last.id;
    }
  }

  private outdated(after: string): Promise<Row[]> {
    const condition = NAMES.map((name) => `(${name} IS NOT NULL AND ${name} NOT LIKE ?)`).join(' OR ');
    return this.database.select<Row>(
      `SELECT id, ${NAMES.join(', ')} FROM wechat_identities WHERE id > ? AND (${condition})
       ORDER BY id LIMIT ${CHUNK}`,
      [after, ...NAMES.map(() => `${this.keyRing.currentPrefix}%`)],
    );
  }

  /** A value that changed meanwhile matches no more and keeps what somebody else wrote. */
  private writes(row: Row): Statement[] {
    return NAMES.flatMap((name) => {
      const sealed = row[name];
      if (sealed === null || this.keyRing.isCurrent(sealed)) return [];
      const again = this.again(sealed, `wechat_identities.${COLUMNS[name]}:${row.id}`);
      if (again === null) return [];
      return [
        {
          sql: `UPDATE wechat_identities SET ${name} = ? WHERE id = ? AND ${name} = ?`,
          parameters: [again, row.id, sealed],
        },
      ];
    });
  }

  /** `null` for what no key of the ring opens. */
  private again(sealed: string, place: string): string | null {
    try {
      return this.keyRing.seal(this.keyRing.open(sealed, place), place);
    } catch (error) {
      if (error instanceof SealError) return null;
      throw error;
    }
  }
}
