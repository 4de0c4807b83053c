import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { INSTANCES } from '../harness/backend.js';
import { call } from '../harness/http.js';
import { type Person, type Problem, type TokenReply, World } from '../harness/world.js';

interface SessionPage {
  readonly items: { readonly id: string; readonly current: boolean; readonly lastUsedAt: string }[];
  readonly nextCursor: string | null;
}

describe(`how many sessions a person has, on ${INSTANCES} instance(s)`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ MAX_SESSIONS: '3' }, INSTANCES);
  });
  afterAll(() => world.stop());

  const page = async (token: string, query = ''): Promise<SessionPage> => {
    const reply = await call<SessionPage>(`${world.url}/v1/users/me/sessions${query}`, { token });
    expect(reply.status).toBe(200);
    return reply.body;
  };
  const sessionOf = ({ refreshToken }: TokenReply): string => refreshToken.split('.', 1)[0] ?? '';

  test('a login beyond MAX_SESSIONS ends the session that was unused for longest, and records it', async () => {
    const person = await world.person();
    const logins: TokenReply[] = [];
    for (let n = 0; n < 3; n++) {
      world.clock.advance(1);
      logins.push(await world.miniProgramLogin(person));
    }
    const [first, second, third] = logins as [TokenReply, TokenReply, TokenReply];
    world.clock.advance(1);
    expect((await world.refresh(first.refreshToken)).status).toBe(200);
    expect((await world.verify(second.accessToken)).status).toBe(200);
    world.clock.advance(1);
    const fourth = await world.miniProgramLogin(person);
    expect((await page(fourth.accessToken)).items.map(({ id }) => id)).toEqual(
      [fourth, first, third].map(sessionOf),
    );
    // At once on this instance, although the session was cached a moment ago.
    expect((await world.verify(second.accessToken)).status).toBe(401);
    expect((await world.refresh(second.refreshToken)).body.code).toBe('SESSION_ENDED');
    const [ended] = await world.backend.rows(
      `SELECT revoke_reason FROM sessions WHERE id = '${sessionOf(second)}'`,
    );
    expect(ended?.revoke_reason).toBe('session_limit');
    const events = await world.backend.rows(
      `SELECT actor, details FROM events WHERE type = 'session.ended' AND user_id = '${first.user.id}'`,
    );
    expect(
      events.map(({ actor, details }) => ({ actor, details: JSON.parse(String(details)) as unknown })),
    ).toEqual([
      {
        actor: 'system',
        details: {
          reason: 'session_limit',
          appId: first.identity.appId,
          sessionId: sessionOf(second),
          count: 1,
        },
      },
    ]);
  });

  test('each app of a person has its own sessions', async () => {
    const person = await world.person();
    const website = await world.websiteLogin(person);
    for (let n = 0; n < 4; n++) await world.miniProgramLogin(person);
    expect((await page(website.accessToken)).items).toHaveLength(4);
  });

  /** A 503 means that nothing was done: a login that was refused for contention is retried with a new code. */
  async function loginInCrowd(person: Person, url: string): ReturnType<World['loginWith']> {
    for (let attempt = 1; ; attempt++) {
      const reply = await world.loginWith(await world.wxLogin(person), {}, url);
      if (reply.status !== 503 || attempt === 5) return reply;
    }
  }

  test('fifty concurrent logins leave at most MAX_SESSIONS sessions', async () => {
    const person = await world.person();
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, n) => loginInCrowd(person, world.service(n % INSTANCES).url)),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    const userId = replies[0]?.body.user.id ?? '';
    const ofUser = `FROM sessions s JOIN wechat_identities i ON i.id = s.identity_id WHERE i.user_id = '${userId}'`;
    const [alive] = await world.backend.rows(`SELECT COUNT(*) AS n ${ofUser} AND s.revoked_at IS NULL`);
    expect(Number(alive?.n)).toBe(3);
    const events = await world.backend.rows(
      `SELECT details FROM events WHERE type = 'session.ended' AND user_id = '${userId}'`,
    );
    const counts = events.map(({ details }) => (JSON.parse(String(details)) as { count: number }).count);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(47);
  });

  test('of ended sessions the last hundred are kept, however often a person logs in and out', async () => {
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    const [row] = await world.backend.rows(`SELECT id FROM wechat_identities WHERE user_id = '${user.id}'`);
    const identityId = String(row?.id);
    const values = Array.from(
      { length: 350 },
      (_, n) =>
        `('00000000-0000-7000-8000-${identityId.slice(-6)}${String(n).padStart(6, '0')}', '${identityId}', 1,
          '2026-01-01', '2026-01-01', '2099-01-01', '2026-01-0${1 + (n % 9)} 00:00:00.000', 'logout')`,
    );
    await world.backend.write(
      `INSERT INTO sessions (id, identity_id, generation, created_at, last_used_at, expires_at, revoked_at,
       revoke_reason) VALUES ${values.join(', ')}`,
    );
    await world.miniProgramLogin(person);
    expect(await world.count(`sessions WHERE identity_id = '${identityId}' AND revoked_at IS NULL`)).toBe(2);
    expect(await world.count(`sessions WHERE identity_id = '${identityId}' AND revoked_at IS NOT NULL`)).toBe(
      100,
    );
    const [oldest] = await world.backend.rows(
      `SELECT MIN(revoked_at) AS at FROM sessions WHERE identity_id = '${identityId}'`,
    );
    expect(new Date(String(oldest?.at)).getUTCDate()).toBeGreaterThanOrEqual(7);
  });

  test('sessions come in pages, the last used first, none twice and none missing', async () => {
    const person = await world.person();
    let token = '';
    for (const login of ['miniProgramLogin', 'websiteLogin'] as const) {
      for (let n = 0; n < 3; n++) {
        if (n > 0) world.clock.advance(1);
        ({ accessToken: token } = await world[login](person));
      }
    }
    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const next: SessionPage = await page(token, `?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
      expect(next.items.length).toBeLessThanOrEqual(2);
      found.push(...next.items.map(({ id }) => id));
      cursor = next.nextCursor;
    } while (cursor !== null);
    expect(found).toEqual((await page(token)).items.map(({ id }) => id));
    expect(new Set(found).size).toBe(6);
  });

  test('a cursor of another person’s list, or a page size that is too large, is refused', async () => {
    const person = await world.person();
    await world.miniProgramLogin(person);
    const mine = await world.miniProgramLogin(person);
    const { nextCursor } = await page(mine.accessToken, '?limit=1');
    const other = await world.miniProgramLogin(await world.person());
    for (const [query, code] of [
      [`?cursor=${nextCursor ?? ''}`, 'CURSOR_INVALID'],
      ['?cursor=x', 'CURSOR_INVALID'],
      ['?limit=101', 'VALIDATION_FAILED'],
      ['?limit=0', 'VALIDATION_FAILED'],
    ] as const) {
      for (const list of ['sessions', 'identities']) {
        const reply = await call<Problem>(`${world.url}/v1/users/me/${list}${query}`, {
          token: other.accessToken,
        });
        expect({ list, query, code: reply.body.code }).toEqual({ list, query, code });
      }
    }
  });
});
