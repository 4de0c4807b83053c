import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { TableWalks } from '../background/table-walks.js';
import { Clock, SystemClock } from '../common/clock.js';
import { KeyRing } from '../crypto/key-ring.js';
import type { Row } from '../database/columns.js';
import { Database, type Statement } from '../database/database.js';
import { ALL_SEALED_COLUMNS, SEALED_COLUMNS, type SealedColumn, sealingContext } from './sealed-columns.js';
import type { WeChatIdentity } from './wechat-identity.entity.js';

/** How often an instance checks whether a walk is due, or can be continued. */
const CHECK_INTERVAL_MS = 10 * 60 * 1_000;
/** The next walk reseals what an instance with the old key order wrote behind the last one. */
const MIN_INTERVAL_MS = 12 * 60 * 60 * 1_000;
const CHUNK = 500;

type SealedRow = Pick<Row<WeChatIdentity>, 'id' | SealedColumn>;

/**
 * Reseals all `sealed` columns of identities with the current key of ENCRYPTION_KEYS, in the background,
 * so that an older key can be removed. One instance at a time walks through the table; another one continues
 * where it stopped (035). Does nothing while there is only one key.
 */
@Injectable()
export class Resealing implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(Resealing.name);
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
    const run = () =>
      void this.start(MIN_INTERVAL_MS).catch(() =>
        this.logger.warn('resealing stopped; it continues at the next interval'),
      );
    this.timer = setInterval(run, CHECK_INTERVAL_MS).unref();
    this.database.onOpen(() => void setImmediate(run));
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.running?.catch(() => undefined);
  }

  /**
   * Walks through all identities once, or finishes a walk that was begun. A value that no key decrypts stays
   * as it is: the configured keys may be wrong.
   * @returns how many values were resealed
   */
  run(): Promise<number> {
    return this.start(0);
  }

  /** @param minInterval minimum time since the end of the last walk (ms) */
  private start(minInterval: number): Promise<number> {
    this.running ??= this.walk(minInterval).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async walk(minInterval: number): Promise<number> {
    let count = 0;
    const options = { rest: minInterval, steps: Infinity, stopping: this.stopping.signal };
    // Each current key has its own walk.
    await this.walks.goOn(`sealing-again:${this.keyRing.currentPrefix}`, options, async (after) => {
      // Without a condition, else a statement would read on until enough rows match.
      const rows = await this.database.select<SealedRow>(
        `SELECT id, ${ALL_SEALED_COLUMNS} FROM wechat_identities WHERE id > ? ORDER BY id LIMIT ${CHUNK}`,
        [after],
      );
      const writes = rows.flatMap((row) => this.writes(row));
      count += writes.length;
      return { last: rows.at(-1)?.id ?? null, writes };
    });
    return count;
  }

  /** Each UPDATE compares the old value, so a value that was changed meanwhile stays. */
  private writes(row: SealedRow): Statement[] {
    return SEALED_COLUMNS.flatMap((name) => {
      const sealed = row[name];
      if (sealed === null || this.keyRing.isCurrent(sealed)) return [];
      const resealed = this.keyRing.resealed(sealed, sealingContext(name, row.id));
      if (resealed === null) return [];
      return [
        {
          sql: `UPDATE wechat_identities SET ${name} = ? WHERE id = ? AND ${name} = ?`,
          parameters: [resealed, row.id, sealed],
        },
      ];
    });
  }
}
