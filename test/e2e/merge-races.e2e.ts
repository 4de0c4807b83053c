import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { INSTANCES } from '../harness/backend.js';
import { call } from '../harness/http.js';
import { MINI_PROGRAM, type Person, type TokenReply, WEBSITE, World } from '../harness/world.js';

const SECOND_MINI_PROGRAM = 'wx5a4db0c0de00000b';
const apps = {
  miniPrograms: [MINI_PROGRAM, SECOND_MINI_PROGRAM].map((appId) => ({ appId, secret: `secret-of-${appId}` })),
};

describe('merges that race', () => {
  let world: World;
  beforeAll(async () => {
    const WECHAT_MINI_PROGRAMS = apps.miniPrograms.map(({ appId, secret }) => `${appId}:${secret}`).join(',');
    world = await World.start({ WECHAT_MINI_PROGRAMS }, INSTANCES, { apps });
  });
  afterAll(() => world.stop());

  /** A 503 means that nothing was done: a login that was refused for contention is retried with a new code. */
  async function loginAt(appId: string, person: Person, instance = 0): Promise<TokenReply> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await loginOnce(appId, person, instance);
      } catch (error) {
        if (attempt === 5 || !String(error).includes('DATABASE_UNAVAILABLE')) throw error;
      }
    }
  }

  async function loginOnce(appId: string, person: Person, instance: number): Promise<TokenReply> {
    if (appId === WEBSITE) return world.websiteLogin(person);
    const code = await world.wxLogin(person, appId);
    const reply = await world.loginWith(code, { appId }, world.service(instance % INSTANCES).url);
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.body;
  }

  /** A person who has a separate user at each app; the user of the first app is the oldest. */
  async function scattered(...appIds: string[]): Promise<{ person: Person; logins: TokenReply[] }> {
    const person = await world.person({ withUnionId: false });
    const logins: TokenReply[] = [];
    for (const appId of appIds) {
      logins.push(await loginAt(appId, person));
      world.clock.advance(1);
    }
    expect(new Set(logins.map((login) => login.user.id)).size).toBe(appIds.length);
    return { person, logins };
  }

  const bind = (person: Person): Promise<unknown> =>
    world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');

  /** The whole database contains no partial state. */
  async function expectWhole(): Promise<void> {
    const faults = {
      identitiesOfNobody: `wechat_identities i LEFT JOIN users u ON u.id = i.user_id
        WHERE u.id IS NULL OR u.status <> 'active'`,
      unionIdsOfNobody: `union_ids n LEFT JOIN users u ON u.id = n.user_id WHERE u.id IS NULL OR u.status <> 'active'`,
      mergedIntoNobody: `users m LEFT JOIN users u ON u.id = m.merged_into
        WHERE m.status = 'merged' AND (u.id IS NULL OR u.status <> 'active')`,
      usersWithoutIdentity: `users u LEFT JOIN wechat_identities i ON i.user_id = u.id
        WHERE u.status = 'active' AND i.id IS NULL`,
      identitiesAwayFromTheirUnionId: `wechat_identities i JOIN union_ids n ON n.union_id = i.union_id
        WHERE n.user_id <> i.user_id`,
      identitiesOfALostUnionId: `wechat_identities i LEFT JOIN union_ids n ON n.union_id = i.union_id
        WHERE i.union_id IS NOT NULL AND n.union_id IS NULL`,
      mergedWithProfile: `users WHERE status = 'merged' AND (nickname IS NOT NULL OR phone_number IS NOT NULL)`,
      activeButMerged: `users WHERE status = 'active' AND merged_into IS NOT NULL`,
    };
    const counts: Record<string, number> = {};
    for (const [name, fromWhere] of Object.entries(faults)) counts[name] = await world.count(fromWhere);
    expect(counts).toEqual(Object.fromEntries(Object.keys(faults).map((name) => [name, 0])));
  }

  async function expectOneUser(person: Person, logins: readonly TokenReply[], oldest: string): Promise<void> {
    expect((await world.miniProgramLogin(person)).user.id).toBe(oldest);
    world.clock.advance(6);
    for (const { accessToken } of logins) {
      const me = await call<{ id: string }>(`${world.url}/v1/users/me`, { token: accessToken });
      expect({ status: me.status, id: me.body.id }).toEqual({ status: 200, id: oldest });
    }
  }

  test('a unionid that arrives late over both doors, twenty times at once, makes one user', async () => {
    const { person, logins } = await scattered(MINI_PROGRAM, WEBSITE);
    await bind(person);
    const during = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        loginAt(index % 2 === 0 ? MINI_PROGRAM : WEBSITE, person, index),
      ),
    );
    const oldest = logins[0]?.user.id ?? '';
    await expectOneUser(person, [...logins, ...during], oldest);
    await expectWhole();
    expect(await world.count(`events WHERE type = 'user.merged' AND user_id = '${oldest}'`)).toBe(1);
  });

  test('two merges of one person at once make one user of three', async () => {
    for (let round = 0; round < 3; round++) {
      const { person, logins } = await scattered(SECOND_MINI_PROGRAM, MINI_PROGRAM, WEBSITE);
      await bind(person);
      const during = await Promise.all(
        [MINI_PROGRAM, WEBSITE, SECOND_MINI_PROGRAM].map((appId, index) => loginAt(appId, person, index)),
      );
      await expectOneUser(person, [...logins, ...during], logins[0]?.user.id ?? '');
      await expectWhole();
    }
  });

  test('when a user that had absorbed another is merged, both rows point directly to the survivor', async () => {
    const { person, logins } = await scattered(SECOND_MINI_PROGRAM, MINI_PROGRAM, WEBSITE);
    await bind(person);
    for (const appId of [MINI_PROGRAM, WEBSITE, SECOND_MINI_PROGRAM]) await loginAt(appId, person);
    const [oldest, middle, youngest] = logins.map((login) => login.user.id);
    const rows = await world.backend.rows(
      `SELECT merged_into FROM users WHERE id IN ('${middle ?? ''}', '${youngest ?? ''}')`,
    );
    expect(rows).toEqual([{ merged_into: oldest }, { merged_into: oldest }]);
    await expectOneUser(person, logins, oldest ?? '');
    await expectWhole();
  });

  test('a WeChat account that is unlinked while it logs in by another app does not stay with the user it left', async () => {
    for (let round = 0; round < 25; round++) {
      const person = await world.person();
      const { accessToken, user } = await loginAt(MINI_PROGRAM, person);
      const other = await world.person({ withUnionId: false });
      const linked = await call<{ id: string }>(`${world.url}/v1/users/me/identities/mini-program`, {
        token: accessToken,
        json: {
          code: await world.wxLogin(other, SECOND_MINI_PROGRAM),
          appId: SECOND_MINI_PROGRAM,
          proof: await world.miniProgramProof(person),
        },
      });
      expect(linked.status).toBe(201);
      const { accessToken: token } = await loginAt(SECOND_MINI_PROGRAM, other);
      const [chosen] = await world.backend.rows(
        `SELECT id FROM wechat_identities WHERE user_id = '${user.id}' AND app_id = '${MINI_PROGRAM}'`,
      );
      const code = await world.wxLogin(person, SECOND_MINI_PROGRAM);
      const login = async () => {
        await new Promise((resolve) => setTimeout(resolve, round % 8));
        return world.loginWith(code, { appId: SECOND_MINI_PROGRAM }, world.service(round % INSTANCES).url);
      };
      const [unlinked, loggedIn] = await Promise.all([
        call(`${world.url}/v1/users/me/identities/${String(chosen?.id)}`, { token, method: 'DELETE' }),
        login(),
      ]);
      expect([unlinked.status, loggedIn.status]).toEqual([204, expect.any(Number)]);
      expect(loggedIn.status).toBeLessThan(500);
      const [one, two] = [await loginAt(MINI_PROGRAM, person), await loginAt(SECOND_MINI_PROGRAM, person)];
      expect(one.user.id).toBe(two.user.id);
      expect(one.user.id).not.toBe(user.id);
    }
    await expectWhole();
  });

  test('tokens of a user who has just been merged act for the survivor, on every instance', async () => {
    const { person, logins } = await scattered(MINI_PROGRAM, WEBSITE);
    const [older, younger] = logins;
    if (!older || !younger) throw new Error('two logins are needed');
    for (const { url } of world.services)
      expect((await world.verify(younger.accessToken, url)).status).toBe(200);
    await bind(person);
    await loginAt(MINI_PROGRAM, person);
    await loginAt(WEBSITE, person);
    for (const { url } of world.services) {
      const mine = (path: string, options: object = {}) =>
        call<{ items: unknown[] }>(`${url}/v1/users/me${path}`, { token: younger.accessToken, ...options });
      expect((await mine('/identities')).body.items).toHaveLength(2);
      expect((await mine('/sessions')).body.items.length).toBeGreaterThan(0);
      expect((await mine('', { json: { nickname: `小红 ${url.slice(-1)}` } })).status).toBe(200);
      expect((await mine('/sessions', { method: 'DELETE' })).status).toBe(204);
      expect((await mine('/sessions')).body.items).toHaveLength(1);
    }
    const changes = await world.backend.rows(
      // The copy of a picture may have been recorded before the merge.
      `SELECT user_id FROM events WHERE type = 'user.updated' AND actor = 'user'
       AND user_id IN ('${older.user.id}', '${younger.user.id}')`,
    );
    expect(new Set(changes.map((row) => row.user_id))).toEqual(new Set([older.user.id]));
    const { status } = await call(`${world.url}/v1/users/me`, {
      token: younger.accessToken,
      method: 'DELETE',
    });
    expect(status).toBe(204);
    await expectWhole();
  });

  test('several people who merge at once do not get in each other', async () => {
    const people = await Promise.all(Array.from({ length: 4 }, () => scattered(MINI_PROGRAM, WEBSITE)));
    await Promise.all(people.map(({ person }) => bind(person)));
    const during = await Promise.all(
      people.flatMap(({ person }) =>
        [MINI_PROGRAM, WEBSITE, SECOND_MINI_PROGRAM].map((appId, index) => loginAt(appId, person, index)),
      ),
    );
    expect(during).toHaveLength(12);
    for (const { person, logins } of people) {
      const ids = logins.map((login) => login.user.id);
      const { user } = await world.miniProgramLogin(person);
      expect(ids).toContain(user.id);
      expect(await world.count(`wechat_identities WHERE user_id = '${user.id}'`)).toBe(3);
    }
    await expectWhole();
  });

  test('a refresh and a use of a token while its user is merged go on', async () => {
    const { person, logins } = await scattered(MINI_PROGRAM, WEBSITE);
    await bind(person);
    const younger = logins[1];
    if (!younger) throw new Error('no second login');
    const [refreshed, used] = await Promise.all([
      world.refresh(younger.refreshToken),
      call(`${world.url}/v1/users/me`, { token: younger.accessToken }),
      loginAt(MINI_PROGRAM, person),
      loginAt(WEBSITE, person),
    ]);
    expect([refreshed.status, used.status]).toEqual([200, 200]);
    await expectOneUser(person, [...logins, refreshed.body], logins[0]?.user.id ?? '');
    await expectWhole();
  });
});
