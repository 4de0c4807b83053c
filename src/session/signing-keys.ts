import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { KeyRing } from '../crypto/key-ring.js';
import { Database } from '../database/database.js';
import { EventLog } from '../events/event-log.js';
import { STARTUP_LOCK_SECONDS } from './keys/key-rotation.js';
import type { NewKeyPair, PublicJwk } from './keys/key-set.js';
import type { KeyTimes } from './keys/loaded-keys.js';
import { RotatingKeys } from './keys/rotating-keys.js';
import { SigningKey } from './keys/signing-key.entity.js';
import { thumbprint } from './keys/thumbprint.js';

/** A public key as in /.well-known/jwks.json (RFC 7517). */
export interface PublishedKey extends PublicJwk {
  readonly alg: 'ES256';
}

interface AccessKey extends KeyTimes {
  readonly published: PublishedKey;
  /**
   * Signs and verifies with this key only. It holds KeyObjects, because parsing a PEM per call costs ten
   * times more.
   */
  readonly jwt: JwtService;
}

/** The keys that sign access tokens (ES256). The first instance creates the first key. */
@Injectable()
export class SigningKeys extends RotatingKeys<SigningKey, AccessKey> {
  constructor(database: Database, keyRing: KeyRing, config: AppConfig, events: EventLog, clock: Clock) {
    const set = {
      purpose: 'access',
      entity: SigningKey,
      table: 'signing_keys',
      lock: 'signing-keys',
      tokenLifetime: config.ttl.accessToken * 1_000,
      afterLoss: 'everybody has to log in again then',
      generate,
    } as const;
    super(set, database, keyRing, events, clock);
  }

  /** Signs with the current key. */
  signer(): JwtService {
    const key = this.loaded.signer();
    if (!key) throw new Error('there is no signing key');
    return key.jwt;
  }

  /**
   * Verifies with the key of a kid, including keys that another instance has just created. `null` if there is
   * none. During a database outage the known keys are used for a short time.
   * @throws AppError DATABASE_UNAVAILABLE if the keys have to be read and cannot be
   */
  async verifier(kid: string): Promise<JwtService | null> {
    return (await this.loaded.find(kid))?.jwt ?? null;
  }

  /** Whether it is known here, and recently, that the key of a kid verifies. */
  isKnownToVerify(kid: string): boolean {
    return this.loaded.findNow(kid) !== undefined;
  }

  /** All keys whose tokens may still be valid, read from the database after this call began. */
  async published(): Promise<PublishedKey[]> {
    return (await this.loaded.publishedNewest()).map((key) => key.published);
  }

  protected override prepare(): Promise<void> {
    return this.rotation.addFirst(STARTUP_LOCK_SECONDS);
  }

  protected override open(row: SigningKey, pem: string): AccessKey {
    const published = JSON.parse(row.publicJwk) as PublishedKey;
    return {
      kid: row.kid,
      published,
      jwt: new JwtService({
        publicKey: createPublicKey({ key: published, format: 'jwk' }),
        privateKey: createPrivateKey(pem),
        signOptions: { algorithm: 'ES256', keyid: row.kid },
        verifyOptions: { algorithms: ['ES256'] },
      }),
      activeFrom: row.activeFrom.getTime(),
      retireAt: row.retireAt?.getTime() ?? null,
    };
  }
}

async function generate(): Promise<NewKeyPair> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  const kid = thumbprint({ crv, kty, x, y });
  return { publicJwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }, privateKey };
}
