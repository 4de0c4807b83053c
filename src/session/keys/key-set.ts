import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { StoredKey } from './signing-key.entity.js';

/** What the keys of a set sign: access tokens of the first party, or ID tokens for partners. */
export const KEY_PURPOSES = ['access', 'partner'] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

/** A public key as published (RFC 7517). */
export interface PublicJwk extends JsonWebKey {
  readonly kid: string;
  readonly use: 'sig';
}

/** A key pair that is not stored yet. */
export interface NewKeyPair {
  readonly publicJwk: PublicJwk;
  readonly privateKey: KeyObject;
}

/** A set of signing keys. Sets have tables of their own, so that no key can be taken for one of another set. */
export interface KeySet<Row extends StoredKey> {
  readonly purpose: KeyPurpose;
  readonly entity: new () => Row;
  readonly table: 'signing_keys' | 'partner_signing_keys';
  /** Name of the lock under which keys are written. */
  readonly lock: string;
  /** The longest that a token of these keys is valid (ms). */
  readonly tokenLifetime: number;
  /** What follows if an operator deletes all keys, for a message. */
  readonly afterLoss: string;
  /** Must not block the event loop for long. */
  readonly generate: () => Promise<NewKeyPair>;
}

/** Where a private key is stored, for the key ring. */
export function sealContext(table: KeySet<StoredKey>['table'], kid: string): string {
  return `${table}.private_key:${kid}`;
}
