import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
} from 'node:crypto';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { inTime } from '../common/in-time.js';
import { KeyRing, SealError } from '../crypto/key-ring.js';
import { StartFault } from '../common/start-fault.js';
import { AppConfig } from '../config/app-config.js';
import { Database, type Statement } from '../database/database.js';
import { toSqlTime } from '../database/sql-time.js';
import { type Actor, EventLog } from '../events/event-log.js';
import { SigningKey } from './signing-key.entity.js';

/** A public key as /.well-known/jwks.json shows it (RFC 7517). */
export interface PublishedKey extends JsonWebKey {
  readonly kid: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
}

interface LoadedKey {
  readonly kid: string;
  readonly published: PublishedKey;
  /** Signs and verifies with this key alone; it holds KeyObjects, since parsing a PEM per call costs ten times more. */
  readonly jwt: JwtService;
  readonly activeFrom: number;
  readonly retireAt: number | null;
}

/** What other instances changed is known here after this time: a key that was withdrawn verifies nothing any more. */
const MAX_AGE_MS = 5_000;
/** From this age on the keys are renewed beside the requests, so that hardly any of them waits for it. */
const RENEW_AFTER_MS = 2_500;
/** Keys of this age verify nothing, whatever the database does; younger ones may go on while it is away. */
const TOO_OLD_MS = 2 * MAX_AGE_MS;
/** Renewed keys come within a few ms; who asks for the session next needs the rest of the 2 s of a 503. */
const RENEWAL_MS = 50;
/** A key that nobody here knows sends this instance to the database at once, but no more often. */
const SEEK_EVERY_MS = 1_000;
/** At the start others may be at work that began a moment ago, and nobody waits for an answer yet. */
const START_SECONDS = 60;
const MAINTAIN_EVERY_MS = 10 * 60 * 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** A key signs for this long. */
const SIGNS_FOR_MS = 30 * DAY_MS;
/** A new key is published this long before it signs: others may cache the set for an hour. */
const PUBLISHED_AHEAD_MS = 2 * 60 * 60 * 1_000;
/** Clocks of those who verify may differ by this much. */
const SKEW_MS = 5 * 60 * 1_000;
const LOCK = 'signing-keys';
const NEWEST_FIRST = { order: { activeFrom: 'DESC', kid: 'ASC' } } as const;

/**
 * The signing keys: made on the first start of the first instance, read by all, replaced by themselves. A key is
 * published well before it signs, and stays published until its last token has expired.
 */
@Injectable()
export class SigningKeys implements OnModuleInit, OnModuleDestroy {
  private keys: readonly LoadedKey[] = [];
  private loadedAt = 0;
  private loading: Promise<void> | null = null;
  private soughtAt = 0;
  private reads = 0;
  private lastRead = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
    private readonly config: AppConfig,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.database.onOpen(() => this.begin());
    this.timer = setInterval(() => void this.maintain().catch(() => undefined), MAINTAIN_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /**
   * Reads the keys, or makes the first one.
   * @throws StartFault where ENCRYPTION_KEYS does not hold the key under which they are sealed: new ones would end
   * all sessions without a word (docs/decisions/029-how-a-start-fails.md)
   */
  private async begin(): Promise<void> {
    // Two instances that start together must not make two keys.
    const first = async (manager: EntityManager) => {
      const keys = await manager.count(SigningKey);
      if (keys === 0) await this.add(manager, this.clock.now());
    };
    try {
      await this.database.exclusively(LOCK, first, START_SECONDS);
      await this.load();
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      throw new StartFault(
        `ENCRYPTION_KEYS does not open what is in the database: ${error.message}. Put the key back that was there ` +
          'before. If it is lost, delete the rows of the table signing_keys: everybody has to log in again then.',
      );
    }
  }

  /** Signs with the key that is current now. */
  signer(): JwtService {
    this.reloadInBackground();
    const key = this.current();
    if (!key) throw new Error('there is no signing key');
    return key.jwt;
  }

  /**
   * Verifies with the key of a kid, also one that another instance made meanwhile; `null` if there is none. While the
   * database is away the keys that are known go on for a little while.
   * @throws AppError DATABASE_UNAVAILABLE where the keys would have to be read
   */
  async verifier(kid: string): Promise<JwtService | null> {
    const known = this.keys.some((key) => key.kid === kid);
    const now = this.clock.now();
    if (!known && now - this.soughtAt >= SEEK_EVERY_MS) {
      this.soughtAt = now;
      this.reload();
    }
    this.reloadInBackground();
    const age = now - this.loadedAt;
    if (!known || age >= TOO_OLD_MS) await this.loading;
    else if (age >= MAX_AGE_MS && this.loading) {
      await inTime(this.loading, RENEWAL_MS, () => new Error('later')).catch(() => undefined);
    }
    return this.find(kid)?.jwt ?? null;
  }

  /** Replaces a key that has signed long enough, and deletes those that are long retired. Any instance may do it. */
  async maintain(): Promise<void> {
    await this.database.exclusively(LOCK, async (manager) => {
      const [newest] = await manager.find(SigningKey, NEWEST_FIRST);
      const now = this.clock.now();
      if (newest && now >= newest.activeFrom.getTime() + SIGNS_FOR_MS - PUBLISHED_AHEAD_MS) {
        await this.add(manager, now + PUBLISHED_AHEAD_MS, { now: false, actor: 'system' });
      }
      await manager.query('DELETE FROM signing_keys WHERE retire_at < ?', [toSqlTime(now - DAY_MS)]);
      await this.sealAgain(manager);
    });
    await this.load();
  }

  /**
   * A new key at the operator's wish: published now, signing after the overlap; or, after a compromise, signing at
   * once, while all others stop to be good: their tokens are refused from then on, refreshing still works.
   * @returns kid of the new key and when it signs
   */
  async rotate(now: boolean, actor: Actor): Promise<{ kid: string; activeFrom: Date }> {
    const added = await this.database.exclusively(LOCK, async (manager) => {
      const at = this.clock.now();
      const activeFrom = now ? at : at + PUBLISHED_AHEAD_MS;
      const kid = await this.add(manager, activeFrom, { now, actor });
      return { kid, activeFrom: new Date(activeFrom) };
    });
    await this.load();
    return added;
  }

  /** All keys whose tokens may still be around. */
  published(): PublishedKey[] {
    this.reloadInBackground();
    const now = this.clock.now();
    return this.keys.filter((key) => isPublished(key, now)).map((key) => key.published);
  }

  private current(): LoadedKey | undefined {
    const now = this.clock.now();
    return this.keys.find((key) => key.activeFrom <= now && isPublished(key, now)) ?? this.keys[0];
  }

  private find(kid: string): LoadedKey | undefined {
    const now = this.clock.now();
    return this.keys.find((key) => key.kid === kid && isPublished(key, now));
  }

  /** What is known may be a few seconds old, and an outage changes nothing. */
  private reloadInBackground(): void {
    if (this.loading || this.clock.now() - this.loadedAt < RENEW_AFTER_MS) return;
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
    const read = ++this.reads;
    const readAt = this.clock.now();
    const rows = await this.database.run((manager) => manager.find(SigningKey, NEWEST_FIRST));
    // A read that began earlier and was slower would bring back what a rotation has just withdrawn.
    if (read < this.lastRead) return;
    this.lastRead = read;
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
        privateKey: createPrivateKey(this.keyRing.open(row.privateKey, place(row.kid))),
        signOptions: { algorithm: 'ES256', keyid: row.kid },
        verifyOptions: { algorithms: ['ES256'] },
      }),
      activeFrom: row.activeFrom.getTime(),
      retireAt: row.retireAt?.getTime() ?? null,
    };
  }

  /** Private keys that stand under an older key of ENCRYPTION_KEYS move to the current one. */
  private async sealAgain(manager: EntityManager): Promise<void> {
    const rows = await manager.find(SigningKey);
    for (const { kid, privateKey } of rows) {
      if (this.keyRing.isCurrent(privateKey)) continue;
      const sealed = this.keyRing.seal(this.keyRing.open(privateKey, place(kid)), place(kid));
      await manager.query('UPDATE signing_keys SET private_key = ? WHERE kid = ?', [sealed, kid]);
    }
  }

  /**
   * Adds a key, and lets the ones before it retire when their last tokens have expired, or when it becomes active:
   * all of it with its event, or nothing. The first key of all is no rotation.
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
    for (const { sql, parameters } of statements) await manager.query(sql, [...parameters]);
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
      privateKey: this.keyRing.seal(pem, place(kid)),
      activeFrom: new Date(activeFrom),
      retireAt: null,
    };
  }
}

function isPublished(key: LoadedKey, now: number): boolean {
  return key.retireAt === null || key.retireAt > now;
}

function place(kid: string): string {
  return `signing_keys.private_key:${kid}`;
}

/** JWK thumbprint (RFC 7638). */
function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
