import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock.js';
import { KeyRing, SealError } from '../crypto/key-ring.js';
import { Database, type Statement } from '../database/database.js';
import { TableWalks } from '../background/table-walks.js';

/** How often an instance looks whether a walk is to be begun, or to be gone on with. */
const EVERY_MS = 10 * 60 * 1_000;
/** What an instance under the former order of keys writes behind a walk is found by the next one. */
const REST_MS = 12 * 60 * 60 * 1_000;
const CHUNK = 500;

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
 * key can go. One instance at a time walks through the identities, and another goes on where it ended (035). Does
 * nothing while there is one key.
 */
@Injectable()
export class SealingAgain implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(SealingAgain.name);
  private readonly stopping = new AbortController();
  private readonly walks: TableWalks;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<number> | null = null;

  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
    clock: Clock = new SystemClock(),
  ) {
    this.walks = new TableWalks(database, clock);
  }

  onModuleInit(): void {
    if (!this.keyRing.isRotating) return;
    const run = () => void this.goOn(REST_MS).catch(() => this.logger.warn('sealing again did not finish'));
    this.timer = setInterval(run, EVERY_MS).unref();
    this.database.onOpen(() => void setImmediate(run));
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.running?.catch(() => undefined);
  }

  /**
   * Goes through all identities once, or to the end where a walk is under way. What no key of the ring opens stays as
   * it is: the ring may be the wrong one.
   * @returns how many values were moved
   */
  run(): Promise<number> {
    return this.goOn(0);
  }

  /** @param rest how long ago the last walk must have ended (ms) */
  private goOn(rest: number): Promise<number> {
    this.running ??= this.walk(rest).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async walk(rest: number): Promise<number> {
    let moved = 0;
    const options = { rest, steps: Infinity, stopping: this.stopping.signal };
    // Under another current key it is another walk.
    await this.walks.goOn(`sealing-again:${this.keyRing.currentPrefix}`, options, async (after) => {
      // All rows, also those that need nothing: a condition would make one statement read as far as it is not met.
      const rows = await this.database.select<Row>(
        `SELECT id, ${NAMES.join(', ')} FROM wechat_identities WHERE id > ? ORDER BY id LIMIT ${CHUNK}`,
        [after],
      );
      const writes = rows.flatMap((row) => this.writes(row));
      moved += writes.length;
      return { last: rows.at(-1)?.id ?? null, writes };
    });
    return moved;
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
