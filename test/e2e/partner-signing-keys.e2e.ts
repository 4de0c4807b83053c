import { createPrivateKey, createPublicKey, type JsonWebKey, sign, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KeyRing } from '../../src/crypto/key-ring.js';
import { type PartnerKey, PartnerSigningKeys } from '../../src/session/keys/partner-signing-keys.js';
import { INSTANCES } from '../harness/backend.js';
import { call } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { startService } from '../harness/service.js';
import { World } from '../harness/world.js';

interface Added {
  readonly kid: string;
  readonly activeFrom: string;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT as a provider would sign it with this key. */
function signedBy({ kid, privateJwk, published }: PartnerKey, claims: object): string {
  const input = `${encode({ alg: published.alg, typ: 'JWT', kid })}.${encode(claims)}`;
  const key = createPrivateKey({ key: privateJwk, format: 'jwk' });
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

describe(`the keys that sign ID tokens for partners, on ${INSTANCES} instance(s)`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(API_KEYS, INSTANCES);
  });
  afterAll(() => world.stop());

  const keysOf = (instance = 0) => world.service(instance).app.get(PartnerSigningKeys, { strict: false });
  const lastInstance = INSTANCES - 1;
  const kids = async (instance = 0) => (await keysOf(instance).newestKeySet()).keys.map(({ kid }) => kid);
  const signer = async (instance = 0): Promise<PartnerKey> => {
    const [key] = (await keysOf(instance).keySet()).keys;
    if (!key) throw new Error('there is no key');
    return key;
  };
  const accessKids = async () =>
    (await call<{ keys: { kid: string }[] }>(`${world.url}/.well-known/jwks.json`)).body.keys.map(
      ({ kid }) => kid,
    );
  const rotate = (json: object) =>
    callWithKey<Added & { partner?: Added }>(`${world.url}/v1/admin/signing-keys/rotate`, ADMIN_KEY, {
      json,
    });

  test('are made when they are needed first, once for all instances; a rotation before makes none', async () => {
    expect(await world.count('partner_signing_keys')).toBe(0);
    expect((await rotate({})).body.partner).toBeUndefined();
    expect(await world.count('partner_signing_keys')).toBe(0);
    const sets = await Promise.all(
      [0, lastInstance, 0, lastInstance].map((instance) => keysOf(instance).keySet()),
    );
    expect(new Set(sets.map(({ version }) => version)).size).toBe(1);
    expect(await world.count('partner_signing_keys')).toBe(1);
  });

  test('are RS256 with 2048 bits, sealed in the database, and published without the private part', async () => {
    const { kid, privateJwk, published } = await signer();
    expect(Object.keys(published).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(published).toMatchObject({ kid, kty: 'RSA', alg: 'RS256', use: 'sig' });
    const publicKey = createPublicKey({ key: published as JsonWebKey, format: 'jwk' });
    expect(publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    const signature = sign('sha256', Buffer.from('x'), createPrivateKey({ key: privateJwk, format: 'jwk' }));
    expect(verify('sha256', Buffer.from('x'), publicKey, signature)).toBe(true);
    const rows = JSON.stringify(await world.backend.rows('SELECT * FROM partner_signing_keys'));
    expect(rows).not.toContain(privateJwk.d);
    expect(rows).not.toContain('PRIVATE KEY');
  });

  test('are in no other set, and a token that they signed opens nothing of the first party', async () => {
    const key = await signer();
    expect(await accessKids()).not.toContain(key.kid);
    const { accessToken } = await world.miniProgramLogin(await world.person());
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as object;
    const [accessKid = ''] = await accessKids();
    expect(await kids()).not.toContain(accessKid);
    const forged = [
      signedBy(key, claims),
      signedBy({ ...key, kid: accessKid }, claims),
      signedBy({ ...key, published: { ...key.published, alg: 'ES256' as 'RS256' } }, claims),
    ];
    for (const service of world.services) {
      expect((await world.verify(accessToken, service.url)).status).toBe(200);
      for (const token of forged) {
        expect((await world.verify(token, service.url)).body.code).toBe('TOKEN_INVALID');
        expect((await call(`${service.url}/v1/users/me`, { token })).status).toBe(401);
        const introspected = await callWithKey<{ active: boolean }>(
          `${service.url}/v1/auth/introspect`,
          SERVICE_KEY,
          {
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: new URLSearchParams({ token }).toString(),
          },
        );
        expect(introspected.body).toEqual({ active: false });
      }
    }
  });

  test('rotate alone, both by default, or not at all, as the request says', async () => {
    const before = { access: await accessKids(), partner: await kids() };
    const { body: partner } = await rotate({ purpose: 'partner' });
    expect(partner.partner).toBeUndefined();
    expect(await kids()).toEqual([...before.partner, partner.kid]);
    expect(await accessKids()).toEqual(before.access);

    const { body: access } = await rotate({ purpose: 'access' });
    expect(access.partner).toBeUndefined();
    expect((await accessKids()).sort()).toEqual([...before.access, access.kid].sort());
    expect(await kids()).toHaveLength(2);

    const { body: both } = await rotate({});
    expect(await accessKids()).toContain(both.kid);
    expect(await kids()).toContain(both.partner?.kid);
    const { body: events } = await callWithKey<{ items: { details: object }[] }>(
      `${world.url}/v1/admin/events?type=signing_key.rotated&limit=2`,
      ADMIN_KEY,
    );
    expect(events.items.map(({ details }) => details)).toEqual([
      { kid: both.partner?.kid, purpose: 'partner', now: false },
      { kid: both.kid, purpose: 'access', now: false },
    ]);
    expect((await rotate({ purpose: 'both' })).status).toBe(400);
  });

  test('now: the new key signs at once, the others are withdrawn, on every instance within 5 s', async () => {
    const before = await keysOf(lastInstance).keySet();
    const { body } = await rotate({ purpose: 'partner', now: true });
    expect(await kids()).toEqual([body.kid]);
    expect(await kids(lastInstance)).toEqual([body.kid]);
    world.clock.advance(5);
    const after = await keysOf(lastInstance).keySet();
    expect(after.version).not.toBe(before.version);
    expect(after.keys.map(({ kid }) => kid)).toEqual([body.kid]);
  });

  test('a new key is published two hours before it signs, and the old one until its last ID token has expired', async () => {
    const old = await signer();
    world.clock.advance(30 * 86_400 - 2 * 3600);
    await Promise.all([keysOf().maintain(), keysOf(lastInstance).maintain()]);
    const [first, next, ...more] = await kids();
    expect({ first, more }).toEqual({ first: old.kid, more: [] });
    world.clock.advance(2 * 3600 - 5);
    expect((await signer(lastInstance)).kid).toBe(old.kid);
    world.clock.advance(10);
    expect(await kids()).toEqual([next, old.kid]);
    world.clock.advance(3600 + 4 * 60);
    expect(await kids()).toEqual([next, old.kid]);
    world.clock.advance(2 * 60);
    expect(await kids()).toEqual([next]);
    world.clock.advance(86_400);
    await keysOf().maintain();
    expect(await world.count('partner_signing_keys')).toBe(1);
  });
});

test('a start refuses ENCRYPTION_KEYS that do not open the keys for partners, and names their table', async () => {
  const [OLD, NEW] = [7, 8].map((byte) => Buffer.alloc(32, byte).toString('base64'));
  const world = await World.start({ ENCRYPTION_KEYS: OLD ?? '' });
  await world.service().app.get(PartnerSigningKeys, { strict: false }).keySet();
  await world.backend.write('DELETE FROM signing_keys');
  await expect(
    startService({ ...world.backend.environment, ENCRYPTION_KEYS: NEW ?? '' }, world.clock),
  ).rejects.toThrow(/ENCRYPTION_KEYS does not open .*partner_signing_keys/);
  // During a rotation of ENCRYPTION_KEYS they are sealed again.
  const both = await startService(
    { ...world.backend.environment, ENCRYPTION_KEYS: `${NEW ?? ''},${OLD ?? ''}` },
    world.clock,
  );
  await both.app.get(PartnerSigningKeys, { strict: false }).maintain();
  const [row] = await world.backend.rows('SELECT private_key FROM partner_signing_keys');
  expect(new KeyRing([Buffer.from(NEW ?? '', 'base64')]).isCurrent(String(row?.private_key))).toBe(true);
  await both.stop();
  await world.stop();
});
