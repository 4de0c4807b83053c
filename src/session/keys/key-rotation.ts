import type { EntityManager } from 'typeorm';
import type { Clock } from '../../common/clock.js';
import type { KeyRing } from '../../crypto/key-ring.js';
import type { Database, Statement } from '../../database/database.js';
import { fromSqlTime, type SqlTime, toSqlTime } from '../../database/sql-time.js';
import { execute } from '../../database/statements.js';
import type { Actor, EventLog } from '../../events/event-log.js';
import { type KeySet, type NewKeyPair, sealContext } from './key-set.js';
import type { StoredKey } from './signing-key.entity.js';

/** Lock wait at startup, when another instance may be creating the key and no client waits (s). */
export const STARTUP_LOCK_SECONDS = 60;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** How long a key signs. */
const SIGNING_PERIOD_MS = 30 * DAY_MS;
/** A new key is published this long before it signs, because others may cache the JWKS for an hour. */
const PUBLISH_LEAD_MS = 2 * 60 * 60 * 1_000;
/** Tolerated clock skew of services that verify tokens. */
const SKEW_MS = 5 * 60 * 1_000;

/** A key that was added. */
export interface AddedKey {
  readonly kid: string;
  /** When it begins to sign; it is published already. */
  readonly activeFrom: Date;
}

/** Writes the keys of one set. Each method is one transaction under the lock of the set. */
export class KeyRotation<Row extends StoredKey> {
  constructor(
    private readonly set: KeySet<Row>,
    private readonly database: Database,
    private readonly keyRing: KeyRing,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /** Creates the first key if there is none. The lock keeps two instances from creating two. */
  async addFirst(waitSeconds = 0): Promise<void> {
    const [known] = await this.database.select(`SELECT kid FROM ${this.set.table} LIMIT 1`, []);
    if (known) return;
    const pair = await this.set.generate();
    await this.database.exclusively(
      this.set.lock,
      async (manager) => {
        if ((await this.newestActiveFrom(manager)) === null) await this.add(manager, pair, this.clock.now());
      },
      waitSeconds,
    );
  }

  /** Whether a key that began to sign then has to be replaced now. */
  isDue(newestActiveFrom: number | null): boolean {
    if (newestActiveFrom === null) return false;
    return this.clock.now() >= newestActiveFrom + SIGNING_PERIOD_MS - PUBLISH_LEAD_MS;
  }

  /**
   * Adds the next key when the newest is near the end of its signing period, deletes keys that retired long
   * ago, and seals private keys again that are sealed under an older key of ENCRYPTION_KEYS.
   * @param newestActiveFrom as known here; the transaction reads it again
   */
  async maintain(newestActiveFrom: number | null): Promise<void> {
    // Generated before: an RSA key takes longer than a transaction should.
    const next = this.isDue(newestActiveFrom) ? await this.set.generate() : null;
    await this.database.exclusively(this.set.lock, async (manager) => {
      const now = this.clock.now();
      if (next && this.isDue(await this.newestActiveFrom(manager))) {
        await this.add(manager, next, now + PUBLISH_LEAD_MS, { now: false, actor: 'system' });
      }
      await manager.query(`DELETE FROM ${this.set.table} WHERE retire_at < ?`, [toSqlTime(now - DAY_MS)]);
      await this.resealOldKeys(manager);
    });
  }

  /**
   * Adds a key on request of an operator. Normally it signs after the overlap. With `now` (after a
   * compromise) it signs at once and all other keys are withdrawn.
   */
  async rotate(now: boolean, actor: Actor): Promise<AddedKey> {
    const pair = await this.set.generate();
    return this.database.exclusively(this.set.lock, async (manager) => {
      const at = this.clock.now();
      // Nobody has cached a set that was empty.
      const atOnce = now || (await this.newestActiveFrom(manager)) === null;
      const activeFrom = atOnce ? at : at + PUBLISH_LEAD_MS;
      const kid = await this.add(manager, pair, activeFrom, { now, actor });
      return { kid, activeFrom: new Date(activeFrom) };
    });
  }

  /** Every key but the newest has a time at which it retires. */
  private async newestActiveFrom(manager: EntityManager): Promise<number | null> {
    const [newest] = await manager.query<{ active_from: SqlTime }[]>(
      `SELECT active_from FROM ${this.set.table} WHERE retire_at IS NULL ORDER BY active_from DESC LIMIT 1`,
    );
    return newest ? fromSqlTime(newest.active_from) : null;
  }

  /** Encrypts private keys again that are encrypted with an older key of ENCRYPTION_KEYS. */
  private async resealOldKeys(manager: EntityManager): Promise<void> {
    const { table } = this.set;
    const rows = await manager.query<{ kid: string; private_key: string }[]>(
      `SELECT kid, private_key FROM ${table}`,
    );
    for (const { kid, private_key: privateKey } of rows) {
      if (this.keyRing.isCurrent(privateKey)) continue;
      const context = sealContext(table, kid);
      const sealed = this.keyRing.seal(this.keyRing.open(privateKey, context), context);
      await manager.query(`UPDATE ${table} SET private_key = ? WHERE kid = ?`, [sealed, kid]);
    }
  }

  /**
   * Adds a key with its event, in the caller's transaction. The previous keys retire when their last tokens
   * have expired, or, after a compromise, when the new key becomes active. The very first key is no rotation
   * and has no event.
   */
  private async add(
    manager: EntityManager,
    { publicJwk, privateKey }: NewKeyPair,
    activeFrom: number,
    rotation?: { now: boolean; actor: Actor },
  ): Promise<string> {
    const { table, purpose } = this.set;
    const { kid } = publicJwk;
    const retireAt = toSqlTime(rotation?.now ? activeFrom : activeFrom + this.set.tokenLifetime + SKEW_MS);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const statements: Statement[] = [
      {
        sql: `UPDATE ${table} SET retire_at = ? WHERE retire_at IS NULL OR retire_at > ?`,
        parameters: [retireAt, retireAt],
      },
      {
        sql: `INSERT INTO ${table} (kid, public_jwk, private_key, active_from) VALUES (?, ?, ?, ?)`,
        parameters: [
          kid,
          JSON.stringify(publicJwk),
          this.keyRing.seal(pem, sealContext(table, kid)),
          toSqlTime(activeFrom),
        ],
      },
    ];
    if (rotation) {
      const details = { kid, purpose, now: rotation.now };
      statements.push(
        this.events.entry({ type: 'signing_key.rotated', userId: null, actor: rotation.actor, details }),
      );
    }
    await execute(manager, ...statements);
    return kid;
  }
}
