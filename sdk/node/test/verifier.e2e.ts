import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SigningKeys } from '../../../src/session/signing-keys.js';
import { MINI_PROGRAM, type Person, World } from '../../../test/harness/world.js';
import { createVerifier, type Verifier, type VerifierOptions } from '../src/index.js';
import { codeOf, thrownBy } from './errors.js';
import { altered, forged } from './forged.js';
import { JwksProxy } from './jwks-proxy.js';

const ISSUER = 'https://auth.example.com';

describe('createVerifier', () => {
  let world: World;
  let proxy: JwksProxy;
  let person: Person;
  let verifier: Verifier;

  const create = (options: Partial<VerifierOptions> = {}): Verifier =>
    createVerifier({ issuer: ISSUER, audience: 'shop', jwksUri: proxy.url, ...options });
  const login = async (): Promise<string> => (await world.miniProgramLogin(person)).accessToken;
  const rotateNow = () => world.service().app.get(SigningKeys, { strict: false }).rotate(true, 'admin:ops');

  beforeAll(async () => {
    world = await World.start({ JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'shop', RATE_LIMITS: 'off' });
    person = await world.person();
    proxy = await JwksProxy.listen(world.url);
  });
  afterAll(async () => {
    await proxy.close();
    await world.stop();
  });
  beforeEach(() => {
    proxy.mode = 'pass';
    proxy.requests = 0;
    verifier = create();
  });

  test('a token is verified, with all its claims, and the keys are fetched once', async () => {
    const { accessToken, user } = await world.miniProgramLogin(person);
    const claims = await verifier.verify(accessToken);
    expect(claims).toMatchObject({ sub: user.id, appId: MINI_PROGRAM, iss: ISSUER, aud: 'shop' });
    expect(claims.exp - claims.iat).toBe(900);
    expect([claims.sid, claims.jti].every((id) => id.length === 36)).toBe(true);
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(accessToken)));
    expect(proxy.requests).toBe(1);
  });

  test('a token for another audience, of another issuer, or without a required claim is refused', async () => {
    const token = await login();
    expect(await codeOf(create({ audience: ['app', 'shop'] }).verify(token))).toBeNull();
    expect(await codeOf(create({ audience: 'app' }).verify(token))).toBe('TOKEN_INVALID');
    expect(await codeOf(create({ audience: undefined }).verify(token))).toBe('TOKEN_INVALID');
    expect(await codeOf(create({ issuer: `${ISSUER}/` }).verify(token))).toBe('TOKEN_INVALID');
    expect(await codeOf(create({ requiredClaims: ['sid'] }).verify(token))).toBeNull();
    expect(await codeOf(create({ requiredClaims: ['externalId'] }).verify(token))).toBe('TOKEN_INVALID');
  });

  test('an expired token is refused, within the tolerance it is not', async () => {
    world.clock.advance(-910);
    const token = await login();
    world.clock.advance(910);
    await expect(verifier.verify(token)).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
      status: 401,
      retryable: false,
    });
    await create().verify(await login());
    expect(await codeOf(create({ clockTolerance: 60 }).verify(token))).toBeNull();
    const fresh = await login();
    expect(await codeOf(create({ now: () => Date.now() + 899_000 }).verify(fresh))).toBeNull();
    expect(await codeOf(create({ now: () => Date.now() + 906_000 }).verify(fresh))).toBe('TOKEN_INVALID');
  });

  test('a token that the clock of this host has not reached yet is accepted', async () => {
    expect(await codeOf(create({ now: () => Date.now() - 3_600_000 }).verify(await login()))).toBeNull();
  });

  test('whatever was changed, the token is refused, and nothing of it is in the error', async () => {
    const token = await login();
    const [header = '', payload = '', signature = ''] = token.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const refused = [
      altered(token, { claims: { sub: 'somebody-else' } }),
      altered(token, { claims: { exp: 9_999_999_999 } }),
      altered(token, { header: { alg: 'HS256' } }),
      altered(token, { header: { alg: 'none' } }),
      altered(token, { header: { kid: undefined } }),
      altered(token, { header: { kid: 7 } }),
      altered(token, { header: { kid: '' } }),
      altered(token, { header: { kid: '__proto__' } }),
      altered(token, { header: { kid: 'k'.repeat(5_000) } }),
      altered(token, { header: { crit: ['exp'] } }),
      `${none}.${payload}.`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.x.y`,
      `${header}.${payload}.${signature.slice(0, -6)}AAAAAA`,
      `${header}..${signature}`,
      `Bearer ${token}`,
      `${token} `,
      'x',
      '..',
      '小明',
      'x'.repeat(100_000),
    ];
    for (const each of refused) {
      const error: unknown = await verifier.verify(each).catch((thrown: unknown) => thrown);
      expect({ each, error }).toMatchObject({ each, error: { code: 'TOKEN_INVALID', status: 401 } });
      const shown = `${String(error)} ${JSON.stringify(error)}`;
      expect(shown).not.toContain(signature);
      expect(shown).not.toContain(payload);
    }
    expect(proxy.requests).toBeLessThanOrEqual(3);
  });

  test('a signature alone does not make an access token', async () => {
    const keys = world.service().app.get(SigningKeys, { strict: false });
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: ISSUER,
      aud: 'shop',
      sub: 'u',
      sid: 's',
      appId: 'wx',
      jti: 'j',
      iat: now,
      exp: now + 60,
    };
    const sign = (changes: object): string => keys.signer().sign({ ...claims, ...changes });
    expect(await codeOf(verifier.verify(sign({})))).toBeNull();
    expect(await verifier.verify(sign({ externalId: 'crm-7' }))).toMatchObject({ externalId: 'crm-7' });
    for (const changes of [{ sid: undefined }, { appId: 7 }, { sub: '' }, { jti: null }, { externalId: 7 }]) {
      expect(await codeOf(verifier.verify(sign(changes)))).toBe('TOKEN_INVALID');
    }
  });

  test('no token is TOKEN_MISSING', async () => {
    for (const none of [undefined, null, ''])
      expect(await codeOf(verifier.verify(none))).toBe('TOKEN_MISSING');
  });

  test('two rotations with { now: true } refuse no fresh token, and those of the old keys at once', async () => {
    const first = await login();
    await verifier.verify(first);
    for (let rotation = 0; rotation < 2; rotation++) {
      const before = await login();
      await rotateNow();
      const fresh = await Promise.all(Array.from({ length: 10 }, login));
      const codes = await Promise.all(fresh.map((token) => codeOf(verifier.verify(token))));
      expect(codes).toEqual(fresh.map(() => null));
      expect(await codeOf(verifier.verify(before))).toBe('TOKEN_INVALID');
    }
    expect(await codeOf(verifier.verify(first))).toBe('TOKEN_INVALID');
  });

  test('a fetch that began before the rotation does not decide about a token of after it', async () => {
    const old = await login();
    const slow = create();
    proxy.mode = 'silent';
    const arrival = proxy.arrival();
    const stale = await fetch(`${world.url}/.well-known/jwks.json`).then((reply) => reply.text());
    const waiting = slow.verify(old);
    await arrival;
    await rotateNow();
    const fresh = slow.verify(await login());
    proxy.releaseWith(stale);
    await waiting;
    expect(await codeOf(fresh)).toBeNull();
    expect(proxy.requests).toBe(2);
  });

  test('forged kids cause few fetches, however many they are, and refuse no fresh token', async () => {
    const token = await login();
    await verifier.verify(token);
    const forgeries = await Promise.all(Array.from({ length: 300 }, () => forged(token)));
    const codes = Promise.all(forgeries.map((each) => codeOf(verifier.verify(each))));
    await rotateNow();
    const fresh = await login();
    const more = Promise.all(forgeries.map((each) => codeOf(verifier.verify(each))));
    expect(await codeOf(verifier.verify(fresh))).toBeNull();
    expect(new Set([...(await codes), ...(await more)])).toEqual(new Set(['TOKEN_INVALID']));
    expect(proxy.requests).toBeLessThanOrEqual(5);
  });

  test('one forgery after another: ten fetches, then two a second', async () => {
    const token = await login();
    await verifier.verify(token);
    const startedAt = performance.now();
    for (let forgery = 0; forgery < 14; forgery++) {
      expect(await codeOf(verifier.verify(await forged(token)))).toBe('TOKEN_INVALID');
    }
    const seconds = (performance.now() - startedAt) / 1000;
    expect(proxy.requests).toBeLessThanOrEqual(11 + seconds * 2);
    expect(seconds).toBeGreaterThan(1.9);
    await rotateNow();
    expect(await codeOf(verifier.verify(await login()))).toBeNull();
  });

  test('a token that is refused anyway, or whose kid was looked for, causes no fetch', async () => {
    const token = await login();
    await verifier.verify(token);
    const kid = randomBytes(32).toString('base64url');
    await codeOf(verifier.verify(await forged(token, { header: { kid } })));
    expect(proxy.requests).toBe(2);
    for (const claims of [{}, { exp: 1 }, { iss: 'x' }, { aud: 'x' }, { aud: undefined }]) {
      const header = Object.keys(claims).length === 0 ? { kid } : {};
      expect(await codeOf(verifier.verify(await forged(token, { claims, header })))).toBe('TOKEN_INVALID');
    }
    expect(proxy.requests).toBe(2);
  });

  test.each(['error', 'html', 'empty'] as const)(
    'where the keys are %s, a token is not called invalid; it is good again as soon as they are there',
    async (mode) => {
      const token = await login();
      proxy.mode = mode;
      await expect(verifier.verify(token)).rejects.toMatchObject({
        code: 'KEYS_UNAVAILABLE',
        status: 503,
        retryable: true,
        retryAfter: 1,
      });
      proxy.mode = 'pass';
      expect(await codeOf(verifier.verify(token))).toBeNull();
      proxy.mode = mode;
      expect(await codeOf(verifier.verify(token))).toBeNull();
      expect(await codeOf(verifier.verify(await forged(token)))).toBe('KEYS_UNAVAILABLE');
    },
  );

  test('a reply without an end is given up after a megabyte', async () => {
    const token = await login();
    proxy.mode = 'endless';
    const error = await thrownBy(verifier.verify(token));
    expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE', reason: 'the reply is too long' });
    proxy.mode = 'pass';
    expect(await codeOf(verifier.verify(token))).toBeNull();
  });

  test('no connection: KEYS_UNAVAILABLE, with the fault', async () => {
    const gone = await JwksProxy.listen(world.url);
    await gone.close();
    const error: unknown = await create({ jwksUri: gone.url })
      .verify(await login())
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE', reason: 'ECONNREFUSED' });
  });

  test('a JWKS that never answers ends at the deadline, and delays no token whose key is known', async () => {
    const token = await login();
    const impatient = create({ timeoutMs: 1_000 });
    await impatient.verify(token);
    proxy.mode = 'silent';
    const unknown = codeOf(impatient.verify(await forged(token)));
    const known = impatient.verify(token).then(() => 'verified');
    expect(await Promise.race([unknown, known])).toBe('verified');
    expect(await unknown).toBe('KEYS_UNAVAILABLE');
    await proxy.release();
  });

  test('an option that cannot work is refused without its value', () => {
    const faults: Partial<VerifierOptions>[] = [
      { issuer: '' },
      { issuer: 'auth.example.com', jwksUri: undefined },
      { jwksUri: 'https://user:secret@auth.example.com/keys' },
      { jwksUri: 'ftp://auth.example.com/keys' },
      { clockTolerance: -1 },
      { maxKeyAge: Number.NaN },
    ];
    for (const options of faults) {
      let thrown: unknown;
      try {
        create(options);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: 'OPTIONS_INVALID' });
      expect(String(thrown)).not.toContain('secret');
    }
  });
});

test('without jwksUri the keys are below the issuer, and the audience is the issuer', async () => {
  const world = await World.start();
  const { accessToken, user } = await world.miniProgramLogin(await world.person());
  expect((await createVerifier({ issuer: world.url }).verify(accessToken)).sub).toBe(user.id);
  await world.stop();
});

test('a rotation on one instance refuses no fresh token, although the keys come from another', async () => {
  const world = await World.start({}, 2);
  const person = await world.person();
  const jwksUri = `${world.service(1).url}/.well-known/jwks.json`;
  const verifier = createVerifier({ issuer: ISSUER, jwksUri });
  for (let rotation = 0; rotation < 4; rotation++) {
    const { accessToken } = await world.miniProgramLogin(person);
    expect(await codeOf(verifier.verify(accessToken))).toBeNull();
    await world.service().app.get(SigningKeys, { strict: false }).rotate(true, 'admin:ops');
  }
  await world.stop();
});
