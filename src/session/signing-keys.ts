import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
} from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { withTimeout } from '../common/with-timeout.js';
import { KeyRing, SealError } from '../crypto/key-ring.js';
import { StartFault } from '../common/start-fault.js';
import { AppConfig } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { execute } from '../database/statements.js';
import { type Actor, EventLog } from '../events/event-log.js';
import { SigningKey } from './signing-key.entity.js';

/** A public key as in /.well-known/jwks.json (RFC 7517). */
export interface PublishedKey extends JsonWebKey {
  readonly kid: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
}

interface LoadedKey {
  readonly kid: string;
  readonly published: PublishedKey;
  /**
   * Signs and verifies with this key only. It holds KeyObjects, because parsing a PEM per call costs ten
   * times more.
   */
  readonly jwt: JwtService;
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
/** Lock wait at startup, when another instance may be creating the key and no client waits (s). */
const STARTUP_LOCK_SECONDS = 60;
const MAINTAIN_EVERY_MS = 10 * 60 * 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** How long a key signs. */
const SIGNING_PERIOD_MS = 30 * DAY_MS;
/** A new key is published this long before it signs, because others may cache the JWKS for an hour. */
const PUBLISH_LEAD_MS = 2 * 60 * 60 * 1_000;
/** Tolerated clock skew of services that verify tokens. */
const SKEW_MS = 5 * 60 * 1_000;
const LOCK = 'signing-keys';
const NEWEST_FIRST = { order: { activeFrom: 'DESC', kid: 'ASC' } } as const;

/**
 * The signing keys. The first instance creates the first key, all instances read them, and they rotate
 * automatically. A key is published well before it signs, and stays published until its last token has
 * expired.
 */
@Injectable()
export class SigningKeys implements OnModuleInit, OnModuleDestroy {
  private keys: readonly LoadedKey[] = [];
  private loadedAt = 0;
  private loading: Promise<void> | null = null;
  private unknownKidReadAt = 0;
  /** The read for publication that has not begun yet, and the one that began last, with its time. */
  private nextRead: Promise<void> | null = null;
  private lastRead: Promise<void> = Promise.resolve();
  private readAt = -Infinity;
  private lastSequence = 0;
  private loadedSequence = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
    private readonly config: AppConfig,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.database.onOpen(() => this.loadOrCreate());
    this.timer = setInterval(() => void this.maintain().catch(() => undefined), MAINTAIN_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /**
   * Reads the keys, or creates the first one.
   * @throws StartFault if ENCRYPTION_KEYS lacks the key that encrypted them: replacing them silently would
   * end all sessions (docs/decisions/029-how-a-start-fails.md)
   */
  private async loadOrCreate(): Promise<void> {
    // The lock keeps two instances that start together from creating two keys.
    const first = async (manager: EntityManager) => {
      const keys = await manager.count(SigningKey);
      if (keys === 0) await this.add(manager, this.clock.now());
    };
    try {
      await this.database.exclusively(LOCK, first, STARTUP_LOCK_SECONDS);
      await this.load();
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      throw new StartFault(
        `ENCRYPTION_KEYS does not open what is in the database: ${error.message}. Put the key back that was there ` +
          'before. If it is lost, delete the rows of the table signing_keys: everybody has to log in again then.',
      );
    }
  }

  /** Signs with the current key. */
  signer(): JwtService {
    this.reloadInBackground();
    const key = this.current();
    if (!key) throw new Error('there is no signing key');
    return key.jwt;
  }

  /**
   * Verifies with the key of a kid, including keys that another instance has just created. `null` if there is
   * none. During a database outage the known keys are used for a short time.
   * @throws AppError DATABASE_UNAVAILABLE if the keys have to be read and cannot be
   */
  async verifier(kid: string): Promise<JwtService | null> {
    const known = this.keys.some((key) => key.kid === kid);
    const now = this.clock.now();
    if (!known && now - this.unknownKidReadAt >= UNKNOWN_KID_INTERVAL_MS) {
      this.unknownKidReadAt = now;
      this.reload();
    }
    this.reloadInBackground();
    const age = now - this.loadedAt;
    if (!known || age >= EXPIRED_MS) await this.loading;
    else if (age >= MAX_AGE_MS && this.loading) {
      await withTimeout(this.loading, RELOAD_WAIT_MS, () => new Error('later')).catch(() => undefined);
    }
    return this.find(kid)?.jwt ?? null;
  }

  /**
   * Rotates a key at the end of its signing period and deletes keys that retired long ago. Any instance may
   * do it.
   */
  async maintain(): Promise<void> {
    await this.database.exclusively(LOCK, async (manager) => {
      const [newest] = await manager.find(SigningKey, NEWEST_FIRST);
      const now = this.clock.now();
      if (newest && now >= newest.activeFrom.getTime() + SIGNING_PERIOD_MS - PUBLISH_LEAD_MS) {
        await this.add(manager, now + PUBLISH_LEAD_MS, { now: false, actor: 'system' });
      }
      await manager.query('DELETE FROM signing_keys WHERE retire_at < ?', [toSqlTime(now - DAY_MS)]);
      await this.resealOldKeys(manager);
    });
    await this.load();
  }

  /**
   * Rotates on request of an operator. Normally the new key is published now and signs after the overlap.
   * With `now` (after a compromise) it signs at once and all other keys are withdrawn: their tokens are
   * refused from then on, while refreshing still works.
   * @returns kid of the new key and when it begins to sign
   */
  async rotate(now: boolean, actor: Actor): Promise<{ kid: string; activeFrom: Date }> {
    const added = await this.database.exclusively(LOCK, async (manager) => {
      const at = this.clock.now();
      const activeFrom = now ? at : at + PUBLISH_LEAD_MS;
      const kid = await this.add(manager, activeFrom, { now, actor });
      return { kid, activeFrom: new Date(activeFrom) };
    });
    await this.load();
    return added;
  }

  /**
   * All keys whose tokens may still be valid, read from the database after this call began. A service that looks for the
   * key of a fresh token finds it, whichever instance it asks.
   */
  async published(): Promise<PublishedKey[]> {
    this.nextRead ??= this.readForPublication();
    await withTimeout(this.nextRead, PUBLISHED_WAIT_MS, () => new Error('later')).catch(() => undefined);
    const now = this.clock.now();
    return this.keys.filter((key) => isPublished(key, now)).map((key) => key.published);
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

  private current(): LoadedKey | undefined {
    const now = this.clock.now();
    return this.keys.find((key) => key.activeFrom <= now && isPublished(key, now)) ?? this.keys[0];
  }

  private find(kid: string): LoadedKey | undefined {
    const now = this.clock.now();
    return this.keys.find((key) => key.kid === kid && isPublished(key, now));
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

  private async load(): Promise<void> {
    const sequence = ++this.lastSequence;
    const readAt = this.clock.now();
    const rows = await this.database.run((manager) => manager.find(SigningKey, NEWEST_FIRST));
    // A slower read that began earlier would restore a key that a rotation has just withdrawn.
    if (sequence < this.loadedSequence) return;
    this.loadedSequence = sequence;
    this.keys = rows.map((row) => this.toLoaded(row));
    this.loadedAt = readAt;
  }

  private toLoaded(row: SigningKey): LoadedKey {
    const published = JSON.parse(row.publicJwk) as PublishedKey;
    return {
      kid: row.kid,
      published,
      jwt: new JwtService({
        publicKey: createPublicKey({ key: published, format: 'jwk' }),
        privateKey: createPrivateKey(this.keyRing.open(row.privateKey, sealContext(row.kid))),
        signOptions: { algorithm: 'ES256', keyid: row.kid },
        verifyOptions: { algorithms: ['ES256'] },
      }),
      activeFrom: row.activeFrom.getTime(),
      retireAt: row.retireAt?.getTime() ?? null,
    };
  }

  /** Encrypts private keys again that are encrypted with an older key of ENCRYPTION_KEYS. */
  private async resealOldKeys(manager: EntityManager): Promise<void> {
    const rows = await manager.find(SigningKey);
    for (const { kid, privateKey } of rows) {
      if (this.keyRing.isCurrent(privateKey)) continue;
      const sealed = this.keyRing.seal(this.keyRing.open(privateKey, sealContext(kid)), sealContext(kid));
      await manager.query('UPDATE signing_keys SET private_key = ? WHERE kid = ?', [sealed, kid]);
    }
  }

  /**
   * Adds a key with its event, in the caller's transaction. The previous keys retire when their last tokens
   * have expired, or, after a compromise, when the new key becomes active. The very first key is no rotation
   * and has no event.
   */
  private async add(
    manager: EntityManager,
    activeFrom: number,
    rotation?: { now: boolean; actor: Actor },
  ): Promise<string> {
    const row = this.generate(activeFrom);
    const retireAt = rotation?.now ? activeFrom : activeFrom + this.config.ttl.accessToken * 1000 + SKEW_MS;
    const events = rotation
      ? [
          this.events.entry({
            type: 'signing_key.rotated',
            userId: null,
            actor: rotation.actor,
            details: { kid: row.kid, now: rotation.now },
          }),
        ]
      : [];
    const statements: readonly Statement[] = [
      {
        sql: 'UPDATE signing_keys SET retire_at = ? WHERE retire_at IS NULL OR retire_at > ?',
        parameters: [toSqlTime(retireAt), toSqlTime(retireAt)],
      },
      {
        sql: 'INSERT INTO signing_keys (kid, public_jwk, private_key, active_from) VALUES (?, ?, ?, ?)',
        parameters: [row.kid, row.publicJwk, row.privateKey, toSqlTime(activeFrom)],
      },
      ...events,
    ];
    await execute(manager, ...statements);
    return row.kid;
  }

  private generate(activeFrom: number): SigningKey {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = pair.publicKey.export({ format: 'jwk' });
    const kid = thumbprint(jwk);
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    return {
      kid,
      publicJwk: JSON.stringify({ ...jwk, kid, alg: 'ES256', use: 'sig' }),
      privateKey: this.keyRing.seal(pem, sealContext(kid)),
      activeFrom: new Date(activeFrom),
      retireAt: null,
    };
  }
}

function isPublished(key: LoadedKey, now: number): boolean {
  return key.retireAt === null || key.retireAt > now;
}

function sealContext(kid: string): string {
  return `signing_keys.private_key:${kid}`;
}

/** JWK thumbprint (RFC 7638). */
function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
