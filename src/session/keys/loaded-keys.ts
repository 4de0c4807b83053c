import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../common/clock.js';
import { withTimeout } from '../../common/with-timeout.js';
import type { Database } from '../../database/database.js';
import type { StoredKey } from './signing-key.entity.js';

/** When a key signs and verifies (ms). */
export interface KeyTimes {
  readonly kid: string;
  readonly activeFrom: number;
  readonly retireAt: number | null;
}

/**
 * Changes by other instances take effect here within this time (ms). A withdrawn key then verifies nothing
 * any more.
 */
const MAX_AGE_MS = 5_000;
/** From this age on the keys are reloaded in the background, so that hardly any request waits for it (ms). */
const RELOAD_AFTER_MS = 2_500;
/**
 * Keys of this age are not used, even if the database is unavailable. Younger ones are used during an outage
 * (ms).
 */
const EXPIRED_MS = 2 * MAX_AGE_MS;
/**
 * How long a request waits for a reload (ms). A reload usually takes a few ms, and the session lookup that
 * follows needs the rest of the 2 s.
 */
const RELOAD_WAIT_MS = 50;
/** Requests for the published keys share reads of the database that are this far apart (ms). */
const PUBLISHED_READ_INTERVAL_MS = 200;
/** How long such a request waits for the database. Then it gets the keys that are known here (ms). */
const PUBLISHED_WAIT_MS = 500;
/** An unknown kid causes a read of the database at once, but at most once in this interval (ms). */
const UNKNOWN_KID_INTERVAL_MS = 1_000;

/** The keys of one set as this instance knows them, at most a few seconds old. */
export class LoadedKeys<Row extends StoredKey, Key extends KeyTimes> {
  private keys: readonly Key[] = [];
  private loadedAt = 0;
  private loading: Promise<void> | null = null;
  private unknownKidReadAt = 0;
  /** The read for publication that has not begun yet, and the one that began last, with its time. */
  private nextRead: Promise<void> | null = null;
  private lastRead: Promise<void> = Promise.resolve();
  private readAt = -Infinity;
  private lastSequence = 0;
  private loadedSequence = 0;

  /** @param toKey opens a row. @throws SealError */
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly entity: new () => Row,
    private readonly toKey: (row: Row) => Key,
  ) {}

  get isEmpty(): boolean {
    return this.keys.length === 0;
  }

  /** When the newest key begins to sign (ms); `null` if there is no key. */
  get newestActiveFrom(): number | null {
    return this.keys.find((key) => key.retireAt === null)?.activeFrom ?? null;
  }

  /** Reads all keys, the newest first. @throws AppError DATABASE_UNAVAILABLE */
  async load(): Promise<void> {
    const sequence = ++this.lastSequence;
    const readAt = this.clock.now();
    const rows = await this.database.run((manager) =>
      manager
        .createQueryBuilder(this.entity, 'k')
        .orderBy('k.activeFrom', 'DESC')
        .addOrderBy('k.kid', 'ASC')
        .getMany(),
    );
    // A slower read that began earlier would restore a key that a rotation has just withdrawn.
    if (sequence < this.loadedSequence) return;
    this.loadedSequence = sequence;
    this.keys = rows.map(this.toKey);
    this.loadedAt = readAt;
  }

  /** The key that signs now. The keys may be a few seconds old; they are reloaded in the background. */
  signer(): Key | undefined {
    this.reloadInBackground();
    return this.current();
  }

  /**
   * The key of a kid, also one that another instance has just created. During a database outage the known
   * keys are used for a short time.
   * @throws AppError DATABASE_UNAVAILABLE if the keys have to be read and cannot be
   */
  async find(kid: string): Promise<Key | undefined> {
    const known = this.keys.some((key) => key.kid === kid);
    const now = this.clock.now();
    if (!known && now - this.unknownKidReadAt >= UNKNOWN_KID_INTERVAL_MS) {
      this.unknownKidReadAt = now;
      this.reload();
    }
    await this.recent(known);
    const found = this.keys.find((key) => key.kid === kid);
    return found && isPublished(found, this.clock.now()) ? found : undefined;
  }

  /** As `find`, where nothing has to be waited for. `undefined` where something has, or there is no such key. */
  findNow(kid: string): Key | undefined {
    this.reloadInBackground();
    const now = this.clock.now();
    if (now - this.loadedAt >= MAX_AGE_MS) return undefined;
    return this.keys.find((key) => key.kid === kid && isPublished(key, now));
  }

  /** The published keys, the signer first. They may be 5 s old. @throws AppError DATABASE_UNAVAILABLE */
  async published(): Promise<Key[]> {
    await this.recent(!this.isEmpty);
    return this.publishedNow();
  }

  /**
   * The published keys, read from the database after this call began. A service that looks for the key of a
   * fresh token finds it, whichever instance it asks.
   */
  async publishedNewest(): Promise<Key[]> {
    this.nextRead ??= this.readForPublication();
    await withTimeout(this.nextRead, PUBLISHED_WAIT_MS, () => new Error('later')).catch(() => undefined);
    return this.publishedNow();
  }

  private current(): Key | undefined {
    const now = this.clock.now();
    return this.keys.find((key) => key.activeFrom <= now && isPublished(key, now)) ?? this.keys[0];
  }

  private publishedNow(): Key[] {
    const now = this.clock.now();
    const signer = this.current();
    const others = this.keys.filter((key) => key !== signer && isPublished(key, now));
    return signer && isPublished(signer, now) ? [signer, ...others] : others;
  }

  private async readForPublication(): Promise<void> {
    await this.lastRead.catch(() => undefined);
    await delay(Math.max(0, this.readAt + PUBLISHED_READ_INTERVAL_MS - performance.now()));
    // Who asks from here on waits for another read.
    this.nextRead = null;
    this.readAt = performance.now();
    this.lastRead = this.load();
    await this.lastRead;
  }

  /** @param known whether the keys here would do if they are recent */
  private async recent(known: boolean): Promise<void> {
    const now = this.clock.now();
    this.reloadInBackground();
    const age = now - this.loadedAt;
    if (!known || age >= EXPIRED_MS) await this.loading;
    else if (age >= MAX_AGE_MS && this.loading) {
      await withTimeout(this.loading, RELOAD_WAIT_MS, () => new Error('later')).catch(() => undefined);
    }
  }

  /** Callers may see keys that are a few seconds old. A failed reload changes nothing. */
  private reloadInBackground(): void {
    if (this.loading || this.clock.now() - this.loadedAt < RELOAD_AFTER_MS) return;
    this.reload();
  }

  private reload(): void {
    const loading = this.load().finally(() => {
      if (this.loading === loading) this.loading = null;
    });
    loading.catch(() => undefined);
    this.loading = loading;
  }
}

function isPublished(key: KeyTimes, now: number): boolean {
  return key.retireAt === null || key.retireAt > now;
}
