import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KeyRing } from '../../src/crypto/key-ring.js';
import { RefreshTokens } from '../../src/session/refresh-token.js';
import type { Reply } from '../harness/http.js';
import { startService } from '../harness/service.js';
import { type Problem, type TokenReply, World } from '../harness/world.js';

const DAY = 86_400;

function sessionOf(tokens: TokenReply): string {
  return tokens.refreshToken.split('.')[0] ?? '';
}

function gist(reply: Reply<Problem>): { status: number; code: string } {
  return { status: reply.status, code: reply.body.code };
}

describe('a refresh', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const login = async (): Promise<TokenReply> => world.miniProgramLogin(await world.person());

  /** Refreshes and expects it to succeed. */
  async function refreshed(refreshToken: string): Promise<TokenReply> {
    const reply = await world.refresh(refreshToken);
    expect(reply.status).toBe(200);
    return reply.body;
  }

  test('answers new tokens of the same session, and no user', async () => {
    const first = await login();
    const reply = await world.refresh(first.refreshToken);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.body).toStrictEqual({
      tokenType: 'Bearer',
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expiresIn: 900,
      refreshToken: expect.stringMatching(new RegExp(`^${sessionOf(first)}\\.2\\.[\\w-]{43}$`)),
      refreshExpiresIn: expect.any(Number),
      identity: first.identity,
      isNewUser: false,
    });
    const verified = await world.verify(reply.body.accessToken);
    expect(verified.headers.get('x-auth-user-id')).toBe(first.user.id);
    expect(verified.headers.get('x-auth-session-id')).toBe(sessionOf(first));
  });

  test('repeated within 60 s gets the same successor, and opens no second session', async () => {
    const first = await login();
    const sessions = await world.count('sessions');
    const second = await refreshed(first.refreshToken);
    world.clock.advance(59);
    const again = await refreshed(first.refreshToken);
    expect(again.refreshToken).toBe(second.refreshToken);
    expect((await world.verify(again.accessToken)).status).toBe(200);
    expect(await world.count('sessions')).toBe(sessions);
    expect((await refreshed(second.refreshToken)).refreshToken).toMatch(/\.3\./);
  });

  test('fifty times at once gets one successor', async () => {
    const { refreshToken } = await login();
    const replies = await Promise.all(Array.from({ length: 50 }, () => world.refresh(refreshToken)));
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200]));
    expect(new Set(replies.map((reply) => reply.body.refreshToken)).size).toBe(1);
    expect(replies[0]?.body.refreshToken).toMatch(/\.2\./);
  });

  test('with an old token later than 60 s is reuse: recorded, and the session ends at once', async () => {
    const first = await login();
    const second = await refreshed(first.refreshToken);
    expect((await world.verify(second.accessToken)).status).toBe(200);
    world.clock.advance(61);
    expect(gist(await world.refresh(first.refreshToken))).toEqual({
      status: 401,
      code: 'REFRESH_TOKEN_REUSED',
    });
    expect(gist(await world.verify(second.accessToken))).toEqual({ status: 401, code: 'SESSION_ENDED' });
    expect(gist(await world.refresh(second.refreshToken))).toEqual({
      status: 401,
      code: 'REFRESH_TOKEN_REUSED',
    });
    const [row] = await world.backend.rows(
      `SELECT revoke_reason FROM sessions WHERE id = '${sessionOf(first)}'`,
    );
    expect(row?.revoke_reason).toBe('refresh_token_reused');
    const events = await world.backend.rows(
      `SELECT details FROM events WHERE type = 'session.refresh_token_reused' AND user_id = '${first.user.id}'`,
    );
    expect(events).toHaveLength(1);
    expect(String(events[0]?.details)).toContain(sessionOf(first));
  });

  test('with a token two generations old is reuse, however soon', async () => {
    const first = await login();
    const second = await refreshed(first.refreshToken);
    const third = await refreshed(second.refreshToken);
    expect(gist(await world.refresh(first.refreshToken)).code).toBe('REFRESH_TOKEN_REUSED');
    expect(gist(await world.refresh(third.refreshToken)).code).toBe('REFRESH_TOKEN_REUSED');
  });

  test('that is reused ends no other session of the person', async () => {
    const person = await world.person();
    const [stolen, other] = [await world.miniProgramLogin(person), await world.miniProgramLogin(person)];
    await refreshed((await refreshed(stolen.refreshToken)).refreshToken);
    expect(gist(await world.refresh(stolen.refreshToken)).code).toBe('REFRESH_TOKEN_REUSED');
    expect((await world.verify(other.accessToken)).status).toBe(200);
    await refreshed(other.refreshToken);
  });

  test('with a forged token is refused, and the session lives on', async () => {
    const [mine, theirs] = [await login(), await login()];
    const [id = '', generation = '', mac = ''] = mine.refreshToken.split('.');
    const theirMac = theirs.refreshToken.split('.')[2] ?? '';
    const otherKey = new RefreshTokens(new KeyRing([Buffer.alloc(32, 8)]));
    const forged = [
      '',
      'nonsense',
      `${id}.${generation}`,
      `${id}.2.${mac}`,
      `${id}.01.${mac}`,
      `${id}.-1.${mac}`,
      `${id}.${generation}.${theirMac}`,
      `${sessionOf(theirs)}.${generation}.${mac}`,
      `${id}.${generation}.${mac}=`,
      `${id}.${generation}.${mac} `,
      `${id}.${generation}.${mac.slice(0, -1)}`,
      `${id.toUpperCase()}.${generation}.${mac}`,
      otherKey.issue({ sessionId: id, generation: 1 }),
      // The last character of the mac has unused bits: another encoding of the same bytes is not accepted.
      `${id}.${generation}.${mac.slice(0, -1)}${String.fromCharCode(mac.charCodeAt(42) + 1)}`,
    ];
    for (const token of forged) {
      expect({ token, ...gist(await world.refresh(token)) }).toEqual({
        token,
        status: 401,
        code: 'REFRESH_TOKEN_INVALID',
      });
    }
    await refreshed(mine.refreshToken);
    await refreshed(theirs.refreshToken);
  });

  test('with a token from the future, as after a restored backup, is refused and revokes nothing', async () => {
    const { refreshToken } = await login();
    const ours = new RefreshTokens(new KeyRing([Buffer.alloc(32, 7)]));
    const future = ours.issue({ sessionId: refreshToken.split('.')[0] ?? '', generation: 9 });
    expect(gist(await world.refresh(future))).toEqual({ status: 401, code: 'REFRESH_TOKEN_INVALID' });
    await refreshed(refreshToken);
  });

  test.each([undefined, null, 7, {}, [], 'x'.repeat(257)])(
    'with %p for a token is not valid',
    async (token) => {
      expect(gist(await world.refresh(token))).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
    },
  );

  test('keeps a session alive for 30 days from its last use', async () => {
    const first = await login();
    world.clock.advance(29 * DAY);
    const second = await refreshed(first.refreshToken);
    world.clock.advance(29 * DAY);
    const third = await refreshed(second.refreshToken);
    world.clock.advance(30 * DAY + 1);
    expect(gist(await world.refresh(third.refreshToken))).toEqual({ status: 401, code: 'SESSION_ENDED' });
  });

  test('keeps no session alive for more than 90 days, nor a token longer than its session', async () => {
    let tokens = await login();
    for (let day = 0; day < 87; day += 29) {
      world.clock.advance(29 * DAY);
      tokens = await refreshed(tokens.refreshToken);
    }
    expect(tokens.refreshExpiresIn).toBeLessThanOrEqual(3 * DAY);
    expect(tokens.refreshExpiresIn).toBeGreaterThan(2 * DAY);
    world.clock.advance(3 * DAY - 120);
    tokens = await refreshed(tokens.refreshToken);
    expect(tokens.expiresIn).toBeLessThanOrEqual(120);
    expect(tokens.refreshExpiresIn).toBeLessThanOrEqual(120);
    world.clock.advance(121);
    expect(gist(await world.refresh(tokens.refreshToken))).toEqual({ status: 401, code: 'SESSION_ENDED' });
    expect(gist(await world.verify(tokens.accessToken)).status).toBe(401);
  });

  test('continues after a restart, and after a rotation of the signing key', async () => {
    const [older, newer] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)].map((key) => key.toString('base64'));
    const { refreshToken } = await login();
    const rotated = await startService(
      {
        ...world.backend.environment,
        WECHAT_API_URL: world.sandbox.url,
        ENCRYPTION_KEYS: [newer, older].join(','),
      },
      world.clock,
    );
    try {
      const reply = await world.refresh(refreshToken, rotated.url);
      expect(reply.status).toBe(200);
      expect((await world.refresh(reply.body.refreshToken, rotated.url)).status).toBe(200);
    } finally {
      await rotated.stop();
    }
  });
});
