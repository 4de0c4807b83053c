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

  async function loginAt(appId: string, person: Person, instance = 0): Promise<TokenReply> {
    if (appId === WEBSITE) return world.websiteLogin(person);
    const code = await world.wxLogin(person, appId);
    const reply = await world.loginWith(code, { appId }, world.service(instance % INSTANCES).url);
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.body;
  }

  /** A person whom each of the apps holds for somebody else, the first app's user being the oldest. */
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

  /** Nothing half done in the whole database. */
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

  test('a user who had merged another before it is merged itself leaves both one step from who is left', async () => {
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
