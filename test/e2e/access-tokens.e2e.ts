import { request } from 'node:http';
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, sign, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SigningKeys } from '../../src/session/signing-keys.js';
import { call, type CallOptions } from '../harness/http.js';
import { startService } from '../harness/service.js';
import { MINI_PROGRAM, SHOP, type TokenReply, World } from '../harness/world.js';

type Claims = Readonly<Record<string, unknown>>;

interface Jwk extends JsonWebKey {
  readonly kid: string;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(part: string | undefined): Claims {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8')) as Claims;
}

function claimsOf(token: string): Claims {
  return decode(token.split('.')[1]);
}

/** A GET with fields as they are, also of the same name. @returns its status */
function rawRequest(url: string, fields: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: [...fields, 'Host', new URL(url).host] }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('an access token', () => {
  let world: World;
  let login: TokenReply;
  beforeAll(async () => {
    world = await World.start();
    login = await world.miniProgramLogin(await world.person());
  });
  afterAll(() => world.stop());

  async function publishedKeys(): Promise<Jwk[]> {
    const reply = await call<{ keys: Jwk[] }>(`${world.url}/.well-known/jwks.json`);
    return reply.body.keys;
  }

  async function codeOf(token: string): Promise<unknown> {
    const reply = await world.verify(token);
    expect(reply.status).toBe(401);
    return reply.body.code;
  }

  test('is ES256 and says who, where from, for whom and how long', async () => {
    const [header, payload] = login.accessToken.split('.');
    const [key] = await publishedKeys();
    expect(decode(header)).toStrictEqual({ alg: 'ES256', typ: 'JWT', kid: key?.kid });
    const claims = decode(payload);
    expect(claims).toStrictEqual({
      iss: world.url,
      aud: world.url,
      sub: login.user.id,
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      appId: MINI_PROGRAM,
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(900);
    expect(login.refreshToken.startsWith(`${String(claims.sid)}.`)).toBe(true);
  });

  test('is verified by others with the published keys and node:crypto alone', async () => {
    const [header = '', payload = '', signature = ''] = login.accessToken.split('.');
    const jwk = (await publishedKeys()).find((key) => key.kid === decode(header).kid);
    const key = createPublicKey({ key: jwk ?? {}, format: 'jwk' });
    const check = (text: string): boolean =>
      verify(
        'sha256',
        Buffer.from(text),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
    expect(check(`${header}.${payload}`)).toBe(true);
    expect(check(`${header}.${encode({ ...decode(payload), sub: 'somebody else' })}`)).toBe(false);
  });

  test('has keys in public that hold nothing private and may be cached', async () => {
    const reply = await call<{ keys: Jwk[] }>(`${world.url}/.well-known/jwks.json`);
    expect(reply.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(reply.body.keys.length).toBeGreaterThan(0);
    for (const key of reply.body.keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    }
  });

  test('that is good passes a proxy with user and session in headers', async () => {
    const reply = await world.verify(login.accessToken);
    expect(reply.status).toBe(200);
    expect(reply.text).toBe('');
    expect(reply.headers.get('x-auth-user-id')).toBe(login.user.id);
    expect(reply.headers.get('x-auth-session-id')).toBe(claimsOf(login.accessToken).sid);
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });

  test('that is missing, misplaced or malformed is refused', async () => {
    const url = `${world.url}/v1/auth/verify`;
    const { accessToken } = login;
    const missing = await call(`${url}?access_token=${accessToken}`, {
      headers: { cookie: `access_token=${accessToken}`, 'x-token': accessToken },
    });
    expect(missing.body).toMatchObject({ status: 401, code: 'TOKEN_MISSING' });
    expect(missing.headers.get('x-auth-user-id')).toBeNull();
    const parts = accessToken.split('.');
    for (const token of ['a', 'a.b.c', '..', `${accessToken}.`, parts.slice(0, 2).join('.'), 'e30.e30.e30']) {
      expect(await codeOf(token)).toBe('TOKEN_INVALID');
    }
  });

  test('that says alg none, or is signed by HMAC with the public key, is refused', async () => {
    const [header, payload = ''] = login.accessToken.split('.');
    const { kid } = decode(header);
    const none = encode({ alg: 'none', typ: 'JWT', kid });
    expect(await codeOf(`${none}.${payload}.`)).toBe('TOKEN_INVALID');
    const [jwk] = await publishedKeys();
    const publicKey = createPublicKey({ key: jwk ?? {}, format: 'jwk' });
    const hs256 = `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${payload}`;
    for (const secret of [
      publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      JSON.stringify(jwk),
    ]) {
      const mac = createHmac('sha256', secret).update(hs256).digest('base64url');
      expect(await codeOf(`${hs256}.${mac}`)).toBe('TOKEN_INVALID');
    }
  });

  test('that is signed by another key is refused, whatever kid or jwk it names', async () => {
    const [header, payload = ''] = login.accessToken.split('.');
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = pair.publicKey.export({ format: 'jwk' });
    for (const kid of [decode(header).kid, 'unknown', undefined, 7, '__proto__']) {
      const text = `${encode({ alg: 'ES256', typ: 'JWT', kid, jwk })}.${payload}`;
      const signature = sign('sha256', Buffer.from(text), {
        key: pair.privateKey,
        dsaEncoding: 'ieee-p1363',
      });
      expect(await codeOf(`${text}.${signature.toString('base64url')}`)).toBe('TOKEN_INVALID');
    }
  });

  describe('that our own key signed', () => {
    /** Signs claims that no login would get with the service's key. */
    async function signed(changes: Claims): Promise<string> {
      const signer = world.service().app.get(SigningKeys, { strict: false }).signer();
      const claims = {
        ...claimsOf((await world.miniProgramLogin(await world.person())).accessToken),
        ...changes,
      };
      const payload = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
      return signer.sign(payload, { noTimestamp: !('iat' in payload) });
    }
    const now = (): number => Math.floor(world.clock.now() / 1000);

    test('is good as a login has it', async () => {
      expect((await world.verify(await signed({}))).status).toBe(200);
      expect((await world.verify(await signed({ iat: now() + 55 }))).status).toBe(200);
    });

    test.each<[what: string, claims: () => Claims]>([
      ['without an end', () => ({ exp: undefined })],
      ['from the future', () => ({ iat: now() + 70, exp: now() + 900 })],
      ['that ends before it begins', () => ({ iat: now() + 50, exp: now() + 40 })],
      ['without a beginning', () => ({ iat: undefined })],
      ['with half a second', () => ({ iat: now() - 0.5 })],
      ['for several audiences', () => ({ aud: [world.url, 'https://other.example.com'] })],
      ['for one audience in a list', () => ({ aud: [world.url] })],
      ['without an issuer', () => ({ iss: undefined })],
      ['of no user', () => ({ sub: undefined })],
      ['of a user that is no id', () => ({ sub: "' OR 1=1" })],
      ['of several users', () => ({ sub: [login.user.id] })],
      ['of no session', () => ({ sid: undefined })],
      ['of a session that is a list', () => ({ sid: [String(claimsOf(login.accessToken).sid)] })],
      ['of a session that is an object', () => ({ sid: { toSqlString: 'x' } })],
      ['of no app', () => ({ appId: undefined })],
      ['of an app that is none', () => ({ appId: 'a b' })],
      ['without an id', () => ({ jti: undefined })],
      ['with an id that is none', () => ({ jti: 7 })],
    ])('%s is refused all the same', async (_what, claims) => {
      expect(await codeOf(await signed(claims()))).toBe('TOKEN_INVALID');
    });
  });

  test('that comes in two fields is refused, whichever of them is good', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    for (const fields of [
      ['Authorization', `Bearer ${accessToken}`, 'authorization', 'Bearer x'],
      ['authorization', 'Bearer x', 'Authorization', `Bearer ${accessToken}`],
      ['Authorization', `Bearer ${accessToken}`, 'Authorization', `Bearer ${accessToken}`],
    ]) {
      expect(await rawRequest(`${world.url}/v1/users/me`, fields)).toBe(401);
    }
    expect(await rawRequest(`${world.url}/v1/users/me`, ['Authorization', `Bearer ${accessToken}`])).toBe(
      200,
    );
  });

  test('a refused token is named in the challenge; without a token the challenge has no error', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    const challenge = async (path: string, token?: string, method = 'GET'): Promise<string | null> => {
      const options = token === undefined ? { method } : { method, token };
      return (await call(world.url + path, options)).headers.get('www-authenticate');
    };
    for (const path of ['/v1/auth/verify', '/v1/users/me']) {
      expect(await challenge(path)).toBe('Bearer');
      expect(await challenge(path, 'x.y.z')).toBe('Bearer error="invalid_token"');
    }
    expect(await challenge('/v1/auth/logout', undefined, 'POST')).toBe('Bearer');
    expect(await challenge('/v1/auth/logout', 'x.y.z', 'POST')).toBe('Bearer error="invalid_token"');
    await call(`${world.url}/v1/auth/logout`, { method: 'POST', token: accessToken });
    expect(await challenge('/v1/users/me', accessToken)).toBe('Bearer error="invalid_token"');
    // The code is invalid; the reply says nothing of the token.
    const good = await world.miniProgramLogin(await world.person());
    const reply = await call(`${world.url}/v1/mini-program/validate-token`, {
      json: { code: 'no-code-of-wechat' },
      token: good.accessToken,
    });
    expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  test('that was checked a moment ago gets the reply and the log line of the first check', async () => {
    const { accessToken: token, user } = await world.miniProgramLogin(await world.person());
    const url = `${world.url}/v1/auth/verify`;
    const check = async (options: CallOptions = {}): Promise<unknown> => {
      const { status, headers, text } = await call(url, { token, ...options });
      const requestId = headers.get('x-request-id') ?? '';
      const of = ([name]: [string, string]): boolean => !['date', 'x-request-id'].includes(name);
      const line =
        world
          .log()
          .split('\n')
          .find((text) => text.includes(requestId)) ?? '{}';
      const { time, ms, requestId: id, ...logged } = JSON.parse(line) as Claims;
      expect([typeof time, typeof ms, id, logged.userId]).toEqual(['string', 'number', requestId, user.id]);
      return { status, text, fields: [...headers].filter(of), logged };
    };
    for (const options of [{}, { method: 'POST', body: 'a=b' }, { headers: { origin: SHOP } }]) {
      // What was read of the session is forgotten, so the guards read it again.
      await world.pass(6);
      const first = await check(options);
      expect(await check(options)).toStrictEqual(first);
    }
  });

  test('of many that are checked at once, each gets its own reply and log line', async () => {
    const logins: TokenReply[] = [];
    for (let n = 0; n < 4; n++) logins.push(await world.miniProgramLogin(await world.person()));
    for (const { accessToken } of logins) expect((await world.verify(accessToken)).status).toBe(200);
    await Promise.all(
      Array.from({ length: 10 }, (_, round) =>
        logins.map(async ({ accessToken: token, user }, n) => {
          const id = `at-once-${round}-${n}`;
          const reply = await call(`${world.url}/v1/auth/verify`, { token, headers: { 'x-request-id': id } });
          expect([reply.status, reply.headers.get('x-auth-user-id')]).toEqual([200, user.id]);
          expect(reply.headers.get('x-request-id')).toBe(id);
          const lines = world
            .log()
            .split('\n')
            .filter((text) => text.includes(`"${id}"`));
          expect(lines.map((line) => JSON.parse(line) as Claims)).toMatchObject([
            { requestId: id, userId: user.id, status: 200 },
          ]);
          expect(lines[0]?.match(/requestId/g)).toHaveLength(1);
        }),
      ).flat(),
    );
  });

  test('that was checked a moment ago is refused for whatever a first check is refused for', async () => {
    const { accessToken: token } = await world.miniProgramLogin(await world.person());
    const url = `${world.url}/v1/auth/verify`;
    for (let again = 0; again < 2; again++) {
      expect((await world.verify(token)).status).toBe(200);
      expect((await call(`${url}?a=1`, { token })).status).toBe(200);
      expect((await call(`${url}?a=1&a=2`, { token })).body.code).toBe('VALIDATION_FAILED');
      const field = ['Authorization', `Bearer ${token}`];
      expect(await rawRequest(url, field)).toBe(200);
      expect(await rawRequest(url, [...field, ...field])).toBe(401);
    }
    await call(`${world.url}/v1/auth/logout`, { method: 'POST', token });
    expect((await world.verify(token)).body.code).toBe('SESSION_ENDED');
    const { accessToken: shortLived } = await world.miniProgramLogin(await world.person());
    expect((await world.verify(shortLived)).status).toBe(200);
    world.clock.advance(15 * 60);
    expect((await world.verify(shortLived)).body.code).toBe('TOKEN_INVALID');
  });

  test('is verified for a proxy by any method, with any body', async () => {
    const { accessToken: token } = await world.miniProgramLogin(await world.person());
    const url = `${world.url}/v1/auth/verify`;
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'SEARCH']) {
      const good = await call(url, { method, token });
      expect([method, good.status, good.headers.get('x-auth-user-id') !== null]).toEqual([method, 200, true]);
      expect([method, (await call(url, { method })).status]).toEqual([method, 401]);
    }
    for (const type of [
      'application/json',
      'application/x-www-form-urlencoded',
      'text/xml',
      'image/png',
      'rubbish',
    ]) {
      for (const body of ['{"a"', '', 'x'.repeat(300_000)]) {
        const reply = await call(url, { method: 'POST', token, body, headers: { 'content-type': type } });
        expect({ type, status: reply.status }).toEqual({ type, status: 200 });
      }
    }
    const preflight = await call(url, {
      method: 'OPTIONS',
      headers: { origin: SHOP, 'access-control-request-method': 'GET' },
    });
    expect([preflight.status, preflight.headers.get('x-auth-user-id')]).toEqual([204, null]);
  });

  test('lives 15 minutes', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    world.clock.advance(890);
    expect((await world.verify(accessToken)).status).toBe(200);
    world.clock.advance(11);
    expect(await codeOf(accessToken)).toBe('TOKEN_INVALID');
  });

  // The last ones: with a second app in this process, the first can no longer log in (see World.start).
  test.each(['JWT_ISSUER', 'JWT_AUDIENCE'])(
    'for another %s is refused though the key is the same',
    async (name) => {
      const other = await startService(
        {
          ...world.backend.environment,
          PUBLIC_URL: world.url,
          WECHAT_API_URL: world.sandbox.url,
          [name]: 'https://other.example.com',
        },
        world.clock,
      );
      try {
        const theirs = await world.miniProgramLogin(await world.person(), other.url);
        expect((await world.verify(theirs.accessToken, other.url)).status).toBe(200);
        expect(await codeOf(theirs.accessToken)).toBe('TOKEN_INVALID');
      } finally {
        await other.stop();
      }
    },
  );

  test('of another service is refused', async () => {
    const other = await World.start();
    try {
      const { accessToken } = await other.miniProgramLogin(await other.person());
      expect(await codeOf(accessToken)).toBe('TOKEN_INVALID');
    } finally {
      await other.stop();
    }
  });
});
