import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { TableWalks } from '../background/table-walks.js';
import { Clock, SystemClock } from '../common/clock.js';
import { KeyRing, SealError } from '../crypto/key-ring.js';
import type { Row } from '../database/columns.js';
import { Database, type Statement } from '../database/database.js';
import { ALL_SEALED_COLUMNS, SEALED_COLUMNS, type SealedColumn, sealingPlace } from './sealed-columns.js';
import type { WeChatIdentity } from './wechat-identity.entity.js';

/** How often an instance looks whether a walk is due, or can be continued. */
const EVERY_MS = 10 * 60 * 1_000;
/** The next walk finds what an instance with the former order of keys has written behind the last one. */
const REST_MS = 12 * 60 * 60 * 1_000;
const CHUNK = 500;

type SealedRow = Pick<Row<WeChatIdentity>, 'id' | SealedColumn>;

/**
 * Seals all `sealed` columns of identities again under the current key of ENCRYPTION_KEYS, in the background, so that an
 * older key can be removed. One instance at a time walks through the table; another one continues where it stopped
 * (035). Does nothing while there is one key.
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
   * Walks through all identities once, or finishes a walk that was begun. A value that no key of the ring opens stays as
   * it is: the ring may be the wrong one.
   * @returns how many values were sealed again
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
    // Each current key has a walk of its own.
    await this.walks.goOn(`sealing-again:${this.keyRing.currentPrefix}`, options, async (after) => {
      // Without a condition: a statement would read on until enough rows meet it.
      const rows = await this.database.select<SealedRow>(
        `SELECT id, ${ALL_SEALED_COLUMNS} FROM wechat_identities WHERE id > ? ORDER BY id LIMIT ${CHUNK}`,
        [after],
      );
      const writes = rows.flatMap((row) => this.writes(row));
      moved += writes.length;
      return { last: rows.at(-1)?.id ?? null, writes };
    });
    return moved;
  }

  /** A value that somebody else has changed meanwhile matches no more, and stays. */
  private writes(row: SealedRow): Statement[] {
    return SEALED_COLUMNS.flatMap((name) => {
      const sealed = row[name];
      if (sealed === null || this.keyRing.isCurrent(sealed)) return [];
      const again = this.again(sealed, sealingPlace(name, row.id));
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
