import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { INSTANCES } from '../harness/backend.js';
import { call, type Reply } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { MINI_PROGRAM, type Problem, type TokenReply, World } from '../harness/world.js';

interface Introspection extends Problem {
  readonly active: boolean;
  readonly token_type?: string;
  readonly sub?: string;
  readonly sid?: string;
  readonly exp?: number;
  readonly iat?: number;
  readonly jti?: string;
}

const ISSUER = 'https://auth.example.com';
const INACTIVE = '{"active":false}';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Readonly<
    Record<string, unknown>
  >;
}

/** The same token with another significant last character. */
function touched(token: string): string {
  const at = token.length - 5;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

function isRefreshToken(token: string): boolean {
  return /^[0-9a-f-]{36}\./.test(token);
}

describe(`what other services ask about tokens, on ${INSTANCES} instance(s)`, () => {
  let world: World;
  const last = INSTANCES - 1;
  beforeAll(async () => {
    world = await World.start({ ...API_KEYS, JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'shop' }, INSTANCES);
  });
  afterAll(() => world.stop());

  /** As RFC 7662 and RFC 7009 say: a form. */
  function send(
    what: 'introspect' | 'revoke',
    fields: Readonly<Record<string, string>>,
    { key = SERVICE_KEY, instance = 0 }: { key?: string | null; instance?: number } = {},
  ): Promise<Reply<Introspection>> {
    return callWithKey(`${world.service(instance).url}/v1/auth/${what}`, key, {
      body: new URLSearchParams(fields).toString(),
      headers: FORM,
    });
  }
  const introspect = (token: string, instance = 0) =>
    send(
      'introspect',
      { token, ...(isRefreshToken(token) && { token_type_hint: 'refresh_token' }) },
      { instance },
    );
  const login = async (): Promise<TokenReply> => world.miniProgramLogin(await world.person());

  async function expectInactive(token: string, instance = 0): Promise<void> {
    const reply = await introspect(token, instance);
    expect({ status: reply.status, text: reply.text }).toEqual({ status: 200, text: INACTIVE });
  }

  test('an access token is active, with all that it says', async () => {
    const { accessToken, user } = await login();
    const claims = claimsOf(accessToken);
    const reply = await introspect(accessToken);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.headers.get('content-type')).toContain('application/json');
    expect(reply.body).toEqual({
      active: true,
      token_type: 'Bearer',
      sub: user.id,
      sid: claims.sid,
      client_id: MINI_PROGRAM,
      exp: claims.exp,
      iat: claims.iat,
      iss: ISSUER,
      aud: 'shop',
      jti: claims.jti,
    });
  });

  test('the nickname is included once there is one', async () => {
    const { accessToken, user } = await world.websiteLogin(await world.person());
    expect((await introspect(accessToken)).body).toMatchObject({ sub: user.id, username: '小明 🌱' });
  });

  test('a refresh token is active, is no Bearer token, and is not used up by the question', async () => {
    const { refreshToken, accessToken, user, refreshExpiresIn } = await login();
    const claims = claimsOf(accessToken);
    const now = Math.floor(world.clock.now() / 1000);
    const { body } = await introspect(refreshToken);
    expect(body).toEqual({
      active: true,
      token_type: 'refresh_token',
      sub: user.id,
      sid: claims.sid,
      client_id: MINI_PROGRAM,
      exp: expect.any(Number),
      iat: expect.any(Number),
      iss: ISSUER,
      aud: ISSUER,
      jti: `${String(claims.sid)}.1`,
    });
    expect(Math.abs(Number(body.exp) - now - refreshExpiresIn)).toBeLessThan(5);
    expect(Math.abs(Number(body.iat) - now)).toBeLessThan(5);
    const refreshed = await world.refresh(refreshToken);
    expect(refreshed.status).toBe(200);
    await expectInactive(refreshToken);
    expect((await introspect(refreshed.body.refreshToken)).body).toMatchObject({
      active: true,
      jti: `${String(claims.sid)}.2`,
    });
    expect((await introspect(refreshed.body.accessToken)).body.active).toBe(true);
  });

  test('JSON is taken like a form; a hint changes nothing of an access token, and lets a refresh token be one', async () => {
    const { accessToken, refreshToken } = await login();
    const json = async (token: string, token_type_hint: string): Promise<Introspection> =>
      (
        await callWithKey<Introspection>(`${world.url}/v1/auth/introspect`, SERVICE_KEY, {
          json: { token, token_type_hint },
        })
      ).body;
    const expected = (await introspect(accessToken)).body;
    expect(expected.active).toBe(true);
    for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense', '']) {
      expect((await send('introspect', { token: accessToken, token_type_hint })).body).toEqual(expected);
      expect(await json(accessToken, token_type_hint)).toEqual(expected);
      const isAsked = token_type_hint === 'refresh_token';
      expect((await send('introspect', { token: refreshToken, token_type_hint })).body.active).toBe(isAsked);
      expect((await json(refreshToken, token_type_hint)).active).toBe(isAsked);
    }
    expect((await send('introspect', { token: refreshToken })).text).toBe(INACTIVE);
  });

  test('a key is taken as HTTP Basic and in the body as well, but in one place only', async () => {
    const { accessToken: token } = await login();
    const basic = (text: string): Record<string, string> => ({
      authorization: `Basic ${Buffer.from(text).toString('base64')}`,
    });
    const ask = async (
      headers: Readonly<Record<string, string>>,
      fields: Readonly<Record<string, string>> = {},
      what = 'introspect',
    ): Promise<Reply<Introspection>> =>
      call(`${world.url}/v1/auth/${what}`, {
        body: new URLSearchParams({ token, ...fields }).toString(),
        headers: { ...FORM, ...headers },
      });
    const inBody = { client_id: 'orders', client_secret: SERVICE_KEY };
    const good = [
      await ask(basic(`orders:${SERVICE_KEY}`)),
      await ask(basic(`orders:${SERVICE_KEY.replaceAll('-', '%2D')}`)),
      await ask(basic(`orders:${SERVICE_KEY}`), { client_id: 'orders' }),
      await ask(basic(`alice:${ADMIN_KEY}`)),
      await ask({}, inBody),
      await call<Introspection>(`${world.url}/v1/auth/introspect`, { json: { token, ...inBody } }),
    ];
    expect(good.map(({ body }) => body.active)).toEqual(good.map(() => true));

    for (const reply of [
      await ask(basic(`alice:${SERVICE_KEY}`)),
      await ask(basic(SERVICE_KEY)),
      await ask(basic(`:${SERVICE_KEY}`)),
      await ask(basic('orders:%E0%A4%A')),
      await ask({}, { client_id: 'alice', client_secret: SERVICE_KEY }),
      await ask({}, { client_secret: SERVICE_KEY }),
      await ask({}, { client_id: 'orders' }),
      await ask({ authorization: `Bearer ${token}` }),
      await ask({ authorization: 'Basic' }),
      await ask({}),
      await ask({}, {}, 'revoke'),
    ]) {
      expect(codeOf(reply)).toEqual({ status: 401, code: 'API_KEY_INVALID' });
      expect(reply.headers.get('www-authenticate')).toBe('Basic realm="wechat-auth", charset="UTF-8"');
    }
    for (const reply of [
      await ask({ ...basic(`orders:${SERVICE_KEY}`), 'x-api-key': SERVICE_KEY }),
      await ask({ 'x-api-key': SERVICE_KEY }, inBody),
      await ask(basic(`orders:${SERVICE_KEY}`), inBody),
      await ask(basic(`orders:${SERVICE_KEY}`), inBody, 'revoke'),
    ]) {
      expect(codeOf(reply)).toEqual({ status: 400, code: 'BAD_REQUEST' });
    }
    // On no other route: a browser would ask its user for a password.
    const elsewhere = await call<Problem>(`${world.url}/v1/admin/users`, {
      headers: basic(`alice:${ADMIN_KEY}`),
    });
    expect(codeOf(elsewhere)).toEqual({ status: 401, code: 'API_KEY_INVALID' });
    expect(elsewhere.headers.get('www-authenticate')).toBe('Bearer');
    expect((await ask(basic(`orders:${SERVICE_KEY}`), {}, 'revoke')).status).toBe(200);
    expect((await introspect(token)).body.active).toBe(false);
    expect(world.log()).not.toContain(SERVICE_KEY);
  });

  test('the metadata say where and how (RFC 8414)', async () => {
    const { body, headers } = await call(`${world.url}/.well-known/oauth-authorization-server`);
    expect(headers.get('cache-control')).toBe('public, max-age=3600');
    expect(body).toEqual({
      issuer: ISSUER,
      jwks_uri: `${world.url}/.well-known/jwks.json`,
      response_types_supported: [],
      introspection_endpoint: `${world.url}/v1/auth/introspect`,
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      revocation_endpoint: `${world.url}/v1/auth/revoke`,
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    });
  });

  test('of an inactive token nothing else is returned, whatever the reason', async () => {
    const { accessToken, refreshToken } = await login();
    const loggedOut = await login();
    await call(`${world.url}/v1/auth/logout`, { method: 'POST', token: loggedOut.accessToken });
    const gone = await login();
    await callWithKey(`${world.url}/v1/admin/users/${gone.user.id}`, ADMIN_KEY, { method: 'DELETE' });
    const disabled = await login();
    await callWithKey(`${world.url}/v1/admin/users/${disabled.user.id}/disable`, ADMIN_KEY, {
      method: 'POST',
    });
    for (const token of [
      '',
      ' ',
      'x',
      '..',
      '{}',
      '小明',
      '\u0000',
      'x'.repeat(10_000),
      touched(accessToken),
      touched(refreshToken),
      `${accessToken} `,
      refreshToken.replace(/\.1\./, '.2.'),
      loggedOut.accessToken,
      loggedOut.refreshToken,
      gone.accessToken,
      gone.refreshToken,
      disabled.accessToken,
      disabled.refreshToken,
    ]) {
      await expectInactive(token);
    }
    expect((await introspect(accessToken)).body.active).toBe(true);
  });

  test('an expired access token is inactive, its refresh token is not; after the idle time both are', async () => {
    const { accessToken, refreshToken } = await login();
    world.clock.advance(901);
    await expectInactive(accessToken);
    expect((await introspect(refreshToken)).body.active).toBe(true);
    world.clock.advance(31 * 86_400);
    await expectInactive(refreshToken);
  });

  test('a token of a merged user is the surviving one', async () => {
    const person = await world.person({ withUnionId: false });
    const older = await world.miniProgramLogin(person);
    world.clock.advance(1);
    const younger = await world.websiteLogin(person);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.miniProgramLogin(person);
    await world.websiteLogin(person);
    world.clock.advance(5);
    expect(claimsOf(younger.accessToken).sub).not.toBe(older.user.id);
    expect((await introspect(younger.accessToken)).body).toMatchObject({ active: true, sub: older.user.id });
  });

  test('revoking either token ends the session, at once here and within 5 s elsewhere', async () => {
    for (const which of ['accessToken', 'refreshToken'] as const) {
      const tokens = await login();
      const other = await login();
      expect((await introspect(tokens.accessToken, last)).body.active).toBe(true);
      for (let time = 0; time < 2; time++) {
        const reply = await send('revoke', { token: tokens[which] });
        expect({ status: reply.status, text: reply.text }).toEqual({ status: 200, text: '' });
        expect(reply.headers.get('cache-control')).toBe('no-store');
      }
      await expectInactive(tokens.accessToken);
      await expectInactive(tokens.refreshToken);
      expect((await world.verify(tokens.accessToken)).body.code).toBe('SESSION_ENDED');
      expect((await world.refresh(tokens.refreshToken)).body.code).toBe('SESSION_ENDED');
      world.clock.advance(5);
      await expectInactive(tokens.accessToken, last);
      expect((await world.verify(other.accessToken)).status).toBe(200);
      const events = await world.backend.rows(
        `SELECT actor, details FROM events WHERE type = 'session.ended' AND user_id = '${tokens.user.id}'`,
      );
      expect(events).toHaveLength(1);
      expect(events[0]).toMatchObject({ actor: 'service:orders' });
      expect(String(events[0]?.details)).toContain('"revoked"');
    }
  });

  test('an old refresh token revokes its session, too', async () => {
    const tokens = await login();
    const refreshed = await world.refresh(tokens.refreshToken);
    expect((await send('revoke', { token: tokens.refreshToken })).status).toBe(200);
    await expectInactive(refreshed.body.refreshToken);
  });

  test('revoking what is no token is no error and ends nothing', async () => {
    const { accessToken, refreshToken } = await login();
    const ended = await world.count('sessions WHERE revoked_at IS NOT NULL');
    for (const token of ['', 'x', touched(accessToken), touched(refreshToken)]) {
      const reply = await send('revoke', { token, token_type_hint: 'refresh_token' });
      expect({ token, status: reply.status, text: reply.text }).toEqual({ token, status: 200, text: '' });
    }
    expect(await world.count('sessions WHERE revoked_at IS NOT NULL')).toBe(ended);
  });

  test('a request without a token, or with two, is refused', async () => {
    for (const what of ['introspect', 'revoke']) {
      const url = `${world.url}/v1/auth/${what}`;
      for (const body of [
        '',
        'token_type_hint=access_token',
        'token=a&token=b',
        '__proto__=x',
        'constructor=x',
      ]) {
        const reply = await callWithKey<Problem>(url, SERVICE_KEY, { method: 'POST', body, headers: FORM });
        expect({ what, body, ...codeOf(reply) }).toEqual({
          what,
          body,
          status: 400,
          code: 'VALIDATION_FAILED',
        });
      }
      for (const json of [{}, { token: 7 }, { token: ['a'] }, [], null]) {
        const reply = await callWithKey<Problem>(url, SERVICE_KEY, { json });
        expect({ what, json, ...codeOf(reply) }).toEqual({
          what,
          json,
          status: 400,
          code: 'VALIDATION_FAILED',
        });
      }
      const long = await callWithKey<Problem>(url, SERVICE_KEY, {
        body: `token=${'x'.repeat(17_000)}`,
        headers: FORM,
      });
      expect(codeOf(long)).toEqual({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
    }
  });

  test('forms are for these routes only', async () => {
    const { refreshToken } = await login();
    const routes: readonly (readonly [string, string])[] = [
      ['v1/auth/refresh', `refreshToken=${refreshToken}`],
      ['v1/auth/logout', `refreshToken=${refreshToken}`],
      ['v1/mini-program/login', 'code=x'],
      ['v1/admin/signing-keys/rotate', 'now=true'],
    ];
    for (const [path, body] of routes) {
      for (const type of [
        'application/x-www-form-urlencoded',
        'application/x-www-form-urlencoded; charset=utf-8',
        'Application/X-WWW-Form-Urlencoded',
      ]) {
        const reply = await callWithKey<Problem>(`${world.url}/${path}`, ADMIN_KEY, {
          body,
          headers: { 'content-type': type },
        });
        expect({ path, type, ...codeOf(reply) }).toEqual({
          path,
          type,
          status: 415,
          code: 'UNSUPPORTED_MEDIA_TYPE',
        });
      }
    }
    const upper = await callWithKey<Introspection>(`${world.url}/v1/auth/introspect`, SERVICE_KEY, {
      body: `token=${refreshToken}&token_type_hint=refresh_token`,
      headers: { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8' },
    });
    expect(upper.body.active).toBe(true);
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/xml']) {
      const reply = await callWithKey<Problem>(`${world.url}/v1/auth/introspect`, SERVICE_KEY, {
        body: `token=${refreshToken}`,
        headers: { 'content-type': type },
      });
      expect({ type, ...codeOf(reply) }).toEqual({ type, status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
    }
  });

  test('a key is needed: none, an unknown one or the token itself is not enough, an admin key is', async () => {
    const { accessToken } = await login();
    for (const what of ['introspect', 'revoke'] as const) {
      for (const key of [null, `${SERVICE_KEY}x`, '']) {
        const reply = await send(what, { token: accessToken }, { key });
        expect({ what, key, ...codeOf(reply) }).toEqual({ what, key, status: 401, code: 'API_KEY_INVALID' });
      }
      const reply = await call<Problem>(`${world.url}/v1/auth/${what}`, {
        json: { token: accessToken },
        token: accessToken,
      });
      expect(codeOf(reply)).toEqual({ status: 401, code: 'API_KEY_INVALID' });
    }
    expect((await world.verify(accessToken)).status).toBe(200);
    expect((await send('introspect', { token: accessToken }, { key: ADMIN_KEY })).body.active).toBe(true);
  });

  test('no log line holds a token', async () => {
    const { accessToken, refreshToken } = await login();
    for (const token of [accessToken, refreshToken]) {
      await introspect(token);
      await send('revoke', { token });
      expect(world.log().includes(token)).toBe(false);
    }
    expect(world.log()).toContain('/v1/auth/introspect');
  });
});

function codeOf({ status, body }: Reply<Partial<Problem>>): { status: number; code: string | undefined } {
  return { status, code: body.code };
}
