import type { AdapterPayload } from 'oidc-provider';
import type { Clock } from '../../common/clock.js';
import type { KeyRing } from '../../crypto/key-ring.js';
import { fingerprint } from '../../crypto/secret.js';
import type { EphemeralStore } from '../../ephemeral/ephemeral-store.js';
import { errors } from './library.js';
import { ModelAdapter } from './model-adapter.js';
import { familyOfExchange, revokedFamily } from './token-family.js';

/** Short-lived models, in the ephemeral store. */
export type EphemeralModel =
  'Session' | 'Interaction' | 'AccessToken' | 'PushedAuthorizationRequest' | 'ReplayDetection';

/** What is needed to store them. */
export interface EphemeralModelStorage {
  readonly store: EphemeralStore;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  /** Life of an access token (ms): a mark of revocation is needed no longer. */
  readonly accessTokenMs: number;
}

interface Entry {
  readonly payload: AdapterPayload;
  /** When it was stored first (ms). */
  readonly at: number;
  readonly expiresAt: number;
}

/**
 * A short-lived model. Keys are fingerprints; values are sealed, because an interaction and a session hold cookies in
 * clear.
 */
export class EphemeralModelAdapter extends ModelAdapter {
  constructor(
    private readonly model: EphemeralModel,
    private readonly storage: EphemeralModelStorage,
  ) {
    super();
  }

  override async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const { store, clock } = this.storage;
    const now = clock.now();
    const ttl = Math.max(1, expiresIn * 1000);
    const key = this.key(id);
    const family = this.model === 'AccessToken' ? familyOfExchange() : undefined;
    const stored = family === undefined ? payload : { ...payload, family };
    const value = this.seal(key, { payload: stored, at: now, expiresAt: now + ttl });
    if (this.model === 'ReplayDetection') {
      if (await store.setIfAbsent(key, value, ttl)) return;
      throw new errors.InvalidClientAuth('client assertion tokens must only be used once');
    }
    if (isAnonymous(this.model, payload)) await store.begin(key, value, ttl);
    else await store.set(key, value, ttl);
    if (this.model === 'Session' && payload.uid !== undefined) {
      await store.set(uidKey(payload.uid), fingerprint(id), ttl);
    }
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    return this.read(this.key(id));
  }

  override async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const id = await this.storage.store.get(uidKey(uid));
    if (id === null) return undefined;
    const payload = await this.read(this.keyOf(id));
    return payload?.uid === uid ? payload : undefined;
  }

  /** @throws InvalidRequestUri for all but one of several concurrent calls */
  override async consume(id: string): Promise<void> {
    const { store, clock } = this.storage;
    const key = this.key(id);
    const value = await store.get(key);
    const entry = value === null ? null : this.open(key, value);
    const ttl = entry === null ? 0 : entry.expiresAt - clock.now();
    const isFirst =
      value !== null &&
      entry !== null &&
      entry.payload.consumed === undefined &&
      ttl > 0 &&
      (await store.replace(
        key,
        value,
        this.seal(key, { ...entry, payload: { ...entry.payload, consumed: true } }),
        ttl,
      ));
    if (!isFirst) throw new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used');
  }

  override async destroy(id: string): Promise<void> {
    await this.storage.store.delete(this.key(id));
  }

  /** Marks the grant, or the family that is revoked: access tokens that were stored before are refused. */
  override async revokeByGrantId(grantId: string): Promise<void> {
    const { store, clock, accessTokenMs } = this.storage;
    await store.set(revocationKey(revokedFamily() ?? grantId), String(clock.now()), accessTokenMs);
  }

  private async isRevoked({ payload, at }: Entry): Promise<boolean> {
    const { grantId, family } = payload as { grantId?: string; family?: string };
    const sources = [grantId, family].filter((source) => source !== undefined);
    const marks = await Promise.all(sources.map((source) => this.storage.store.get(revocationKey(source))));
    return marks.some((revokedAt) => revokedAt !== null && at <= Number(revokedAt));
  }

  private async read(key: string): Promise<AdapterPayload | undefined> {
    const { store } = this.storage;
    const value = await store.get(key);
    const entry = value === null ? null : this.open(key, value);
    if (entry === null) return undefined;
    if (this.model === 'AccessToken' && (await this.isRevoked(entry))) return undefined;
    return entry.payload;
  }

  private seal(key: string, entry: Entry): string {
    return this.storage.keyRing.seal(JSON.stringify(entry), key);
  }

  private open(key: string, value: string): Entry {
    return JSON.parse(this.storage.keyRing.open(value, key)) as Entry;
  }

  private key(id: string): string {
    return this.keyOf(fingerprint(id));
  }

  private keyOf(idFingerprint: string): string {
    return `${KEYS[this.model]}:${idFingerprint}`;
  }
}

const KEYS: Readonly<Record<EphemeralModel, string>> = {
  Session: 'partner-session',
  Interaction: 'partner-interaction',
  AccessToken: 'partner-access-token',
  PushedAuthorizationRequest: 'partner-pushed-request',
  ReplayDetection: 'partner-assertion',
};

function uidKey(uid: string): string {
  return `partner-session-uid:${fingerprint(uid)}`;
}

function revocationKey(grantId: string): string {
  return `partner-revoked-grant:${fingerprint(grantId)}`;
}

/** Whether anybody without a login may create such entries without limit. */
function isAnonymous(model: EphemeralModel, { accountId, result }: AdapterPayload): boolean {
  return (
    (model === 'Session' && accountId === undefined) ||
    (model === 'Interaction' && result === undefined) ||
    // Partners without a secret push theirs with their client_id alone.
    model === 'PushedAuthorizationRequest'
  );
}
