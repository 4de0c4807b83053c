import { createPrivateKey, generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { KeyRing } from '../../crypto/key-ring.js';
import { Database } from '../../database/database.js';
import { type Actor, EventLog } from '../../events/event-log.js';
import type { AddedKey } from './key-rotation.js';
import type { NewKeyPair, PublicJwk } from './key-set.js';
import type { KeyTimes } from './loaded-keys.js';
import { PartnerSigningKey } from './partner-signing-key.entity.js';
import { RotatingKeys } from './rotating-keys.js';
import { thumbprint } from './thumbprint.js';

/** A public key as in /oidc/jwks (RFC 7517). */
export interface PublishedPartnerKey extends PublicJwk {
  readonly alg: 'RS256';
}

/** A key that signs ID tokens. */
export interface PartnerKey extends KeyTimes {
  readonly published: PublishedPartnerKey;
  /** With kid, alg and use. Secret: it must not leave the process. */
  readonly privateJwk: JsonWebKey & PublishedPartnerKey;
}

/** The keys of one moment. */
export interface PartnerKeySet {
  /** The same while the same key signs and the same keys are published. */
  readonly version: string;
  /** The signer first. */
  readonly keys: readonly PartnerKey[];
}

/** How long an ID token is valid (ms). */
export const ID_TOKEN_LIFETIME_MS = 60 * 60 * 1_000;
const RSA_BITS = 2_048;

/**
 * The keys that sign ID tokens for partners: RS256, because OpenID Connect demands it of every provider
 * (Core, section 15.1). The first key is created at the first call of a method that needs one, so a service
 * without partners has none.
 */
@Injectable()
export class PartnerSigningKeys extends RotatingKeys<PartnerSigningKey, PartnerKey> {
  private creation: Promise<void> | null = null;

  constructor(database: Database, keyRing: KeyRing, events: EventLog, clock: Clock) {
    const set = {
      purpose: 'partner',
      entity: PartnerSigningKey,
      table: 'partner_signing_keys',
      lock: 'partner-signing-keys',
      tokenLifetime: ID_TOKEN_LIFETIME_MS,
      afterLoss: 'partners refuse logins until they fetch the new keys',
      generate,
    } as const;
    super(set, database, keyRing, events, clock);
  }

  /** The keys, at most 5 s old. @throws AppError DATABASE_UNAVAILABLE */
  async keySet(): Promise<PartnerKeySet> {
    await this.ensureFirst();
    return toSet(await this.loaded.published());
  }

  /** The keys as published, read from the database after this call began; for /oidc/jwks. */
  async newestKeySet(): Promise<PartnerKeySet> {
    await this.ensureFirst();
    return toSet(await this.loaded.publishedNewest());
  }

  /** Rotates if there are keys. `null` if no key was ever needed. */
  async rotateIfUsed(now: boolean, actor: Actor): Promise<AddedKey | null> {
    await this.loaded.load();
    return this.loaded.isEmpty ? null : this.rotate(now, actor);
  }

  protected override prepare(): Promise<void> {
    return Promise.resolve();
  }

  protected override open(row: PartnerSigningKey, pem: string): PartnerKey {
    const published = JSON.parse(row.publicJwk) as PublishedPartnerKey;
    return {
      kid: row.kid,
      published,
      privateJwk: { ...createPrivateKey(pem).export({ format: 'jwk' }), ...published },
      activeFrom: row.activeFrom.getTime(),
      retireAt: row.retireAt?.getTime() ?? null,
    };
  }

  private async ensureFirst(): Promise<void> {
    if (!this.loaded.isEmpty) return;
    this.creation ??= this.rotation
      .addFirst()
      .then(() => this.loaded.load())
      .finally(() => {
        this.creation = null;
      });
    await this.creation;
  }
}

function toSet(keys: readonly PartnerKey[]): PartnerKeySet {
  return { version: keys.map(({ kid }) => kid).join(' '), keys };
}

/** In a thread of libuv: it takes up to a second. */
async function generate(): Promise<NewKeyPair> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  const { kty, n, e } = publicKey.export({ format: 'jwk' });
  const kid = thumbprint({ e, kty, n });
  return { publicJwk: { kty, n, e, kid, alg: 'RS256', use: 'sig' }, privateKey };
}
