import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { StartFault } from '../../common/start-fault.js';
import { type KeyRing, SealError } from '../../crypto/key-ring.js';
import type { Database } from '../../database/database.js';
import type { Actor, EventLog } from '../../events/event-log.js';
import { type AddedKey, KeyRotation } from './key-rotation.js';
import { type KeySet, sealContext } from './key-set.js';
import { type KeyTimes, LoadedKeys } from './loaded-keys.js';
import type { StoredKey } from './signing-key.entity.js';

const MAINTAIN_EVERY_MS = 10 * 60 * 1_000;

/**
 * A set of signing keys that all instances share and that rotates automatically. A key is published well
 * before it signs, and stays published until its last token has expired.
 */
export abstract class RotatingKeys<Row extends StoredKey, Key extends KeyTimes>
  implements OnModuleInit, OnModuleDestroy
{
  protected readonly loaded: LoadedKeys<Row, Key>;
  protected readonly rotation: KeyRotation<Row>;
  private timer: NodeJS.Timeout | undefined;

  protected constructor(
    private readonly set: KeySet<Row>,
    private readonly database: Database,
    keyRing: KeyRing,
    events: EventLog,
    clock: Clock,
  ) {
    this.rotation = new KeyRotation(set, database, keyRing, events, clock);
    this.loaded = new LoadedKeys(database, clock, set.entity, (row) =>
      this.open(row, keyRing.open(row.privateKey, sealContext(set.table, row.kid))),
    );
  }

  /** Makes a key usable. @param pem the private key, PKCS#8 */
  protected abstract open(row: Row, pem: string): Key;

  /** What happens once the tables are migrated, before keys are read. */
  protected abstract prepare(): Promise<void>;

  onModuleInit(): void {
    this.database.onOpen(() => this.start());
    this.timer = setInterval(() => void this.maintain().catch(() => undefined), MAINTAIN_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /**
   * Rotates a key at the end of its signing period and deletes keys that retired long ago. Any instance may
   * do it.
   */
  async maintain(): Promise<void> {
    await this.loaded.load();
    if (this.loaded.isEmpty) return;
    await this.rotation.maintain(this.loaded.newestActiveFrom);
    await this.loaded.load();
  }

  /**
   * Rotates on request of an operator. Normally the new key is published now and signs after the overlap.
   * With `now` (after a compromise) it signs at once and all other keys are withdrawn: their tokens are
   * refused from then on, while refreshing still works.
   */
  async rotate(now: boolean, actor: Actor): Promise<AddedKey> {
    const added = await this.rotation.rotate(now, actor);
    await this.loaded.load();
    return added;
  }

  /**
   * Reads the keys.
   * @throws StartFault if ENCRYPTION_KEYS lacks the key that encrypted them: replacing them silently would
   * end all sessions (docs/decisions/029-how-a-start-fails.md)
   */
  private async start(): Promise<void> {
    try {
      await this.prepare();
      await this.loaded.load();
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      throw new StartFault(
        `ENCRYPTION_KEYS does not open what is in the database: ${error.message}. Put the key back that was there ` +
          `before. If it is lost, delete the rows of the table ${this.set.table}: ${this.set.afterLoss}.`,
      );
    }
  }
}
