import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AvatarStore } from '../../src/avatar/avatar-store.js';
import type { AppKind } from '../../src/channel/app-kinds.js';
import type { IdentityColumns, UserColumns } from '../../src/user/column-rules.js';
import { appKind as entryOf } from '../../src/channel/app-kinds.js';
import { coveredBy, withdrawnByValue } from '../../src/user/consent.js';
import { type User, USER_COLUMNS } from '../../src/user/user.entity.js';
import { IDENTITY_COLUMNS, type WeChatIdentity } from '../../src/user/wechat-identity.entity.js';
import {
  DECIDED_TABLES,
  isTraceable,
  sample,
  type SchemaColumn,
  schemaColumns,
  type TextRow,
  textRows,
  undecided,
  writeRow,
} from '../harness/columns.js';
import { call } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../harness/operator.js';
import { MINI_PROGRAM, type Person, type TokenReply, WEBSITE, World } from '../harness/world.js';

const OFFICIAL_ACCOUNT = 'wx5a4db0c0de000003';
const PUSH = { token: 'tokenOfThePush0123456789', aesKey: 'aesKeyOfThePush01234567890123456789ABCDEFGH' };

type UserColumnName = keyof typeof USER_COLUMNS;
type IdentityColumnName = keyof typeof IDENTITY_COLUMNS;

let world: World;
let userColumns: SchemaColumn[];
let identityColumns: SchemaColumn[];

beforeAll(async () => {
  world = await World.start({
    ...API_KEYS,
    WECHAT_PUSH_TOKEN: PUSH.token,
    WECHAT_PUSH_AES_KEY: PUSH.aesKey,
    WECHAT_OFFICIAL_ACCOUNTS: `${OFFICIAL_ACCOUNT}:5a4db0c0de0000000000000000000003`,
  });
  userColumns = await schemaColumns(world.backend, 'users');
  identityColumns = await schemaColumns(world.backend, 'wechat_identities');
});
afterAll(() => world.stop());

/** Columns that may be empty, without those that say what became of the row. */
const optional = (columns: readonly SchemaColumn[]) =>
  columns.filter(({ name, isNullable }) => isNullable && name !== 'merged_into' && name !== 'union_id');

/** Gives each optional column of a row a value of its own. @returns what was written */
async function fill(columns: readonly SchemaColumn[], id: string, over: TextRow = {}): Promise<TextRow> {
  const written = optional(columns).map((column): [string, string] => [column.name, sample(column)]);
  const values = { ...Object.fromEntries(written), ...over };
  await writeRow(world.backend, columns[0]?.table ?? '', id, values);
  return values;
}

async function empty(columns: readonly SchemaColumn[], id: string): Promise<void> {
  const values = Object.fromEntries(optional(columns).map(({ name }) => [name, null]));
  await writeRow(world.backend, columns[0]?.table ?? '', id, values);
}

async function row(columns: readonly SchemaColumn[], id: string): Promise<TextRow> {
  const [found] = await textRows(world.backend, columns, `id = '${id}'`);
  if (!found) throw new Error(`no row ${id}`);
  return found;
}
const userRow = (id: string) => row(userColumns, id);
const identityRow = (id: string) => row(identityColumns, id);

async function identityId({ identity }: TokenReply): Promise<string> {
  const [found] = await textRows(
    world.backend,
    identityColumns,
    `app_id = '${identity.appId}' AND open_id = '${identity.openId}'`,
  );
  return found?.id ?? '';
}

const pictures = () => world.service().app.get(AvatarStore, { strict: false });

/** The stored pictures that a row of `users` names. */
const pictureKeys = (user: TextRow): string[] =>
  userColumns.flatMap(({ name }) => {
    const key = user[name];
    return USER_COLUMNS[name as UserColumnName].deletion === 'nothing, picture too' && key ? [key] : [];
  });

async function storePictures(user: TextRow): Promise<void> {
  expect(pictureKeys(user)).not.toHaveLength(0);
  for (const key of pictureKeys(user)) await pictures().put(key, 640, Buffer.from('picture'));
}

const storedPictures = async (user: TextRow): Promise<string[]> => {
  const keys = pictureKeys(user);
  const found = await Promise.all(keys.map((key) => pictures().get(key, 640)));
  return keys.filter((_, index) => found[index] !== null);
};

/** WeChat has no picture of them: nothing is copied in the background. */
const somebody = (traits: object = {}): Promise<Person> => world.person({ avatarUrl: '', ...traits });

const asSqlTime = (iso: string | null) => iso?.replace('T', ' ').slice(0, 23) ?? null;

/** All rows of all tables. */
async function everything(): Promise<string> {
  const tables = await world.backend.tables();
  const rows = await Promise.all(tables.map((table) => world.backend.rows(`SELECT * FROM ${table}`)));
  return JSON.stringify(rows);
}

/** Waits until none of the values is found in any table: pictures are deleted in the background. */
async function expectNoTrace(values: readonly (string | null | undefined)[]): Promise<void> {
  expect(values.length).toBeGreaterThan(0);
  let left: (string | null | undefined)[] = [];
  for (let attempt = 0; attempt < 100; attempt++) {
    const text = await everything();
    left = values.filter((value) => text.includes(value ?? 'null'));
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(left).toEqual([]);
}

function without<Table extends object, Name extends keyof Table>(
  table: Table,
  name: Name,
): Omit<Table, Name> {
  const others = Object.entries(table).filter(([key]) => key !== name);
  return Object.fromEntries(others) as Omit<Table, Name>;
}

describe('a column that was added or forgotten', () => {
  test.each(Object.keys(DECIDED_TABLES))('of %s: each one in the database is decided', async (table) => {
    const columns = await schemaColumns(world.backend, table);
    expect(columns.length).toBeGreaterThan(1);
    expect(undecided(table, columns, DECIDED_TABLES[table])).toEqual([]);
  });

  test.each(Object.keys(DECIDED_TABLES))(
    'of %s: a column that is added in the database is reported, with each missing decision',
    async (table) => {
      await world.backend.write(`ALTER TABLE ${table} ADD COLUMN shoe_size varchar(8) NULL`);
      const columns = await schemaColumns(world.backend, table);
      await world.backend.write(`ALTER TABLE ${table} DROP COLUMN shoe_size`);
      const [first = {}] = Object.values(DECIDED_TABLES[table] ?? {});
      expect(undecided(table, columns, DECIDED_TABLES[table])).toEqual(
        Object.keys(first).map((question) => `${table}.shoe_size: ${question} is not decided`),
      );
    },
  );

  test('an entry, or one decision of it, that is removed is reported', () => {
    expect(undecided('users', userColumns, without(USER_COLUMNS, 'nickname'))).toContain(
      'users.nickname: merge is not decided',
    );
    const phoneNumber = without(USER_COLUMNS.phone_number, 'merge');
    expect(undecided('users', userColumns, { ...USER_COLUMNS, phone_number: phoneNumber })).toEqual([
      'users.phone_number: merge is not decided',
    ]);
    expect(undecided('users', userColumns, { ...USER_COLUMNS, shoe_size: USER_COLUMNS.nickname })).toEqual([
      'users.shoe_size: decided, but not in the database',
    ]);
  });

  test('an entry that is missing, or contradicts its column, does not compile', () => {
    // @ts-expect-error the phone number is missing
    const users: UserColumns<User> = without(USER_COLUMNS, 'phone_number');
    // @ts-expect-error the session_key is missing
    const identities: IdentityColumns<WeChatIdentity> = without(IDENTITY_COLUMNS, 'session_key');
    // @ts-expect-error a column that is never null cannot be emptied
    const emptied: UserColumns<User>['status'] = { ...USER_COLUMNS.status, merge: 'fill' };
    expect([users, identities, emptied]).toHaveLength(3);
  });
});

describe('a merge', () => {
  type Doors = readonly [older: 'mini-program' | 'website', younger: 'mini-program' | 'website'];
  const WEBSITE_FIRST: Doors = ['website', 'mini-program'];
  const MINI_PROGRAM_FIRST: Doors = ['mini-program', 'website'];

  /**
   * Two users of one person, the older one first. The website's login is known to WeChat's Open Platform already: the
   * next login of the mini program merges the two, and writes nothing that WeChat says of the profile.
   */
  async function twoUsers(doors: Doors) {
    const person = await somebody({ withUnionId: false, nickname: '' });
    const login = (door: Doors[number]) =>
      door === 'website' ? world.websiteLogin(person) : world.miniProgramLogin(person);
    const older = await login(doors[0]);
    world.clock.advance(60);
    const younger = await login(doors[1]);
    expect(younger.user.id).not.toBe(older.user.id);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.websiteLogin(person);
    world.clock.advance(60);
    const merge = async () => world.loginWith(await world.wxLogin(person));
    return { older, younger, merge };
  }

  /** What both rows hold after a merge, as the table says it. */
  function merged(name: UserColumnName, survivor: TextRow, loser: TextRow) {
    const rule = USER_COLUMNS[name].merge;
    const ofSurvivor = survivor[name] ?? null;
    const ofLoser = loser[name] ?? null;
    if (typeof rule === 'object') {
      const hadValue = survivor[rule.sameAs] != null;
      return { survivor: hadValue ? ofSurvivor : ofLoser, loser: null };
    }
    const either = [ofSurvivor, ofLoser];
    switch (rule) {
      case 'keep':
        return { survivor: ofSurvivor, loser: ofLoser };
      case 'fill':
        return { survivor: ofSurvivor ?? ofLoser, loser: null };
      case 'disabled wins':
        return { survivor: either.includes('disabled') ? 'disabled' : 'active', loser: 'merged' };
      case 'point':
        return { survivor: ofSurvivor, loser: survivor.id ?? null };
      case 'now':
        return { survivor: 'now', loser: 'now' };
    }
  }

  /** The rows that the table leads to, and the rows that there are. */
  async function compare(before: readonly [TextRow, TextRow], loggedInAt: string | null) {
    const [survivor, loser] = before;
    const expected = { survivor: {} as Record<string, unknown>, loser: {} as Record<string, unknown> };
    const found = {
      survivor: { ...(await userRow(survivor.id ?? '')) },
      loser: { ...(await userRow(loser.id ?? '')) },
    };
    for (const { name } of userColumns) {
      const outcome = merged(name as UserColumnName, survivor, loser);
      for (const side of ['survivor', 'loser'] as const) {
        expected[side][name] = outcome[side];
        if (outcome[side] !== 'now') continue;
        const at = found[side][name] ?? '';
        expect(at > (before[side === 'survivor' ? 0 : 1][name] ?? '')).toBe(true);
        found[side][name] = 'now';
      }
    }
    // The login that found it out is one of the survivor, unless it is refused.
    if (loggedInAt !== null) expected.survivor.last_login_at = loggedInAt;
    expect(found).toEqual(expected);
  }

  const SIDES = ['both', 'the older one', 'the younger one', 'neither'] as const;
  const CASES = [WEBSITE_FIRST, MINI_PROGRAM_FIRST].flatMap((doors) =>
    SIDES.map((side) => [side, doors] as const),
  );

  test.each(CASES)(
    'where %s has values, came first by %j: each column is as the table says',
    async (side, doors) => {
      const { older, younger, merge } = await twoUsers(doors);
      const has = { older: ['both', 'the older one'], younger: ['both', 'the younger one'] };
      for (const [who, login] of [
        ['older', older],
        ['younger', younger],
      ] as const) {
        await (has[who].includes(side)
          ? fill(userColumns, login.user.id)
          : empty(userColumns, login.user.id));
      }
      const before = [await userRow(older.user.id), await userRow(younger.user.id)] as const;
      if (side === 'both') for (const each of before) await storePictures(each);
      const { body } = await merge();
      expect(body.user.id).toBe(older.user.id);
      await compare(before, asSqlTime(body.user.lastLoginAt));
      const dropped = optional(userColumns).filter(
        (column) => isTraceable(column) && USER_COLUMNS[column.name as UserColumnName].merge !== 'keep',
      );
      if (side !== 'both') return;
      await expectNoTrace(dropped.map(({ name }) => before[1][name]));
      expect(await storedPictures(before[1])).toEqual([]);
      expect(await storedPictures(before[0])).toEqual(pictureKeys(before[0]));
    },
  );

  test.each([
    ['disabled', 'active'],
    ['active', 'disabled'],
  ])('of a user who is %s with one who is %s: each column is as the table says', async (...statuses) => {
    const { older, younger, merge } = await twoUsers(WEBSITE_FIRST);
    for (const [index, { user }] of [older, younger].entries()) {
      await fill(userColumns, user.id, { status: statuses[index] ?? null });
    }
    const before = [await userRow(older.user.id), await userRow(younger.user.id)] as const;
    expect((await merge()).body.code).toBe('ACCOUNT_DISABLED');
    await compare(before, null);
  });

  test('moves identities and union ids, and leaves their other columns as they are', async () => {
    const { older, younger, merge } = await twoUsers(MINI_PROGRAM_FIRST);
    const id = await identityId(younger);
    await fill(identityColumns, id);
    const before = await identityRow(id);
    expect((await merge()).status).toBe(200);
    const expected = Object.entries(before).map(([name, value]) => {
      const moves = IDENTITY_COLUMNS[name as IdentityColumnName].merge === 'move';
      return [name, moves ? older.user.id : value];
    });
    expect(await identityRow(id)).toEqual(Object.fromEntries(expected));
    expect(await world.count(`union_ids WHERE user_id = '${older.user.id}'`)).toBe(1);
    expect(await world.count(`union_ids WHERE user_id = '${younger.user.id}'`)).toBe(0);
  });

  // Without the table: a wrong decision would change what the tests above expect.
  test('never loses a phone number, a nickname or a picture that one of the two has', async () => {
    for (const doors of [WEBSITE_FIRST, MINI_PROGRAM_FIRST]) {
      const { older, younger, merge } = await twoUsers(doors);
      await empty(userColumns, older.user.id);
      const values = await fill(userColumns, younger.user.id, { nickname_source: 'person' });
      await merge();
      const { nickname, nickname_source, avatar_key, phone_number } = await userRow(older.user.id);
      expect({ nickname, nickname_source, avatar_key, phone_number }).toEqual({
        nickname: values.nickname,
        nickname_source: 'person',
        avatar_key: values.avatar_key,
        phone_number: values.phone_number,
      });
    }
  });
});

describe('withdrawn consent', () => {
  const APPS = {
    mini_program: MINI_PROGRAM,
    website: WEBSITE,
    official_account: OFFICIAL_ACCOUNT,
  } as const satisfies Partial<Record<AppKind, string>>;
  type Kind = keyof typeof APPS;
  const SOURCES = ['wechat', 'person'] as const;

  let person: Person;
  let userId: string;
  let identityIds: Readonly<Record<Kind, string>>;

  /** One person with an identity at an app of each kind. */
  async function come(): Promise<void> {
    person = await somebody();
    const mini = await world.miniProgramLogin(person);
    userId = mini.user.id;
    identityIds = {
      mini_program: await identityId(mini),
      website: await identityId(await world.websiteLogin(person)),
      official_account: `official-account-of-${userId.slice(-12)}`,
    };
    await world.backend.write(
      `INSERT INTO wechat_identities (id, user_id, app_id, app_kind, open_id, union_id, created_at)
       VALUES ('${identityIds.official_account}', '${userId}', '${OFFICIAL_ACCOUNT}', 'official_account',
         '${person.openIds[OFFICIAL_ACCOUNT] ?? ''}', '${person.unionId ?? ''}', '2026-01-01 00:00:00.000')`,
    );
  }
  beforeAll(come);

  async function refill(source: string) {
    const closed = { nickname_source: source, avatar_source: source };
    await fill(userColumns, userId, { ...closed, updated_at: '2026-01-01 00:00:00.000' });
    for (const id of Object.values(identityIds)) await fill(identityColumns, id);
    return rows();
  }

  async function rows() {
    const identities = await textRows(world.backend, identityColumns, `user_id = '${userId}' ORDER BY id`);
    return { user: await userRow(userId), identities };
  }

  async function push(appKind: Kind, event: string, revokeInfo: string | null = null): Promise<void> {
    world.clock.advance(1);
    const { deliveries } = await world.control<{ deliveries: { delivered: boolean }[] }>('push', {
      ...PUSH,
      mode: 'safe',
      appId: APPS[appKind],
      person: person.id,
      event,
      ...(revokeInfo === null ? {} : { revokeInfo }),
    });
    expect(deliveries.every(({ delivered }) => delivered)).toBe(true);
  }

  type Withdrawn = ReturnType<typeof coveredBy>;

  /** The user's row after items of consent were withdrawn, as the table says it. */
  function without(user: TextRow, withdrawn: Withdrawn): Record<string, string | null> {
    const isCleared = (name: UserColumnName): boolean => {
      const rule = USER_COLUMNS[name].consent;
      if (rule === null) return false;
      if ('sameAs' in rule) return isCleared(rule.sameAs);
      const isChosen = rule.source !== null && user[rule.source] === 'person';
      return withdrawn[rule.item] === 'any' || (withdrawn[rule.item] === 'copied' && !isChosen);
    };
    return Object.fromEntries(
      Object.entries(user).map(([name, value]) => [name, isCleared(name as UserColumnName) ? null : value]),
    );
  }

  const today = () => new Date(world.clock.now()).toISOString().slice(0, 10);

  /** An identity's row after all consent of its app was withdrawn, as the table says it. */
  const withoutSecrets = (identity: TextRow) =>
    Object.fromEntries(
      Object.entries(identity).map(([name, value]): [string, unknown] => {
        const rule = IDENTITY_COLUMNS[name as IdentityColumnName].consent;
        if (rule === 'time') return [name, expect.stringMatching(new RegExp(`^${today()}`))];
        return [name, rule === 'everything' ? null : value];
      }),
    );

  const REVOKED = (Object.keys(APPS) as Kind[]).flatMap((appKind) =>
    [null, ...Object.keys(entryOf(appKind).consent.withdrawals)].flatMap((revokeInfo) =>
      SOURCES.map((source) => [appKind, revokeInfo, source] as const),
    ),
  );

  test.each(REVOKED)(
    'of a %s, RevokeInfo %s, of what the %s gave: each column is as the table says',
    async (...given) => {
      const [appKind, revokeInfo, source] = given;
      const before = await refill(source);
      await push(appKind, 'user_authorization_revoke', revokeInfo);
      const withdrawn = withdrawnByValue(revokeInfo ?? '', appKind) ?? coveredBy(appKind);
      const { user, identities } = await rows();
      expect(user.updated_at).not.toBe(before.user.updated_at);
      expect(user).toEqual({ ...without(before.user, withdrawn), updated_at: user.updated_at });
      expect(identities).toEqual(
        before.identities.map((each) =>
          withdrawn.everything && each.id === identityIds[appKind] ? withoutSecrets(each) : each,
        ),
      );
    },
  );

  test.each(SOURCES)(
    'profile judged a risk, of what the %s gave: each column is as the table says',
    async (source) => {
      const before = await refill(source);
      await storePictures(before.user);
      await push('mini_program', 'user_info_modified');
      const { user, identities } = await rows();
      const withdrawn: Withdrawn = { nickname: 'any', avatar: 'any', phoneNumber: null, everything: false };
      expect(user).toEqual({ ...without(before.user, withdrawn), updated_at: user.updated_at });
      expect(identities).toEqual(before.identities);
      await expectNoTrace(pictureKeys(before.user));
      expect(await storedPictures(before.user)).toEqual([]);
    },
  );

  test.each(
    (Object.keys(APPS) as Kind[]).flatMap((appKind) => SOURCES.map((source) => [appKind, source] as const)),
  )(
    'by closing the WeChat account (%s), of what the %s gave: its identity goes, each column is as the table says',
    async (appKind, source) => {
      await come();
      const before = await refill(source);
      await push(appKind, 'user_authorization_cancellation');
      const withdrawn: Withdrawn = { ...coveredBy(appKind), nickname: 'copied', avatar: 'copied' };
      const { user, identities } = await rows();
      expect(user).toEqual({ ...without(before.user, withdrawn), updated_at: user.updated_at });
      expect(identities).toEqual(before.identities.filter(({ id }) => id !== identityIds[appKind]));
      const gone = before.identities.find(({ id }) => id === identityIds[appKind]) ?? {};
      await expectNoTrace(identityTraces(gone));
    },
  );
});

/** Values of an identity that have to be gone with it. Those of its unionid stay while another identity has it. */
function identityTraces(identity: TextRow): (string | null | undefined)[] {
  return identityColumns
    .filter(
      (column) =>
        isTraceable(column) &&
        column.name !== 'union_id' &&
        IDENTITY_COLUMNS[column.name as IdentityColumnName].deletion !== 'event',
    )
    .map(({ name }) => identity[name]);
}

/** Values of a user that have to be gone with the account. */
function userTraces(user: TextRow): (string | null | undefined)[] {
  return optional(userColumns)
    .filter(
      (column) => isTraceable(column) && USER_COLUMNS[column.name as UserColumnName].deletion !== 'event',
    )
    .map(({ name }) => user[name]);
}

describe('leaving', () => {
  const WAYS: readonly (readonly [string, (login: TokenReply) => Promise<number>])[] = [
    [
      'the person deletes the account',
      async ({ accessToken }) =>
        (await call(`${world.url}/v1/users/me`, { token: accessToken, method: 'DELETE' })).status,
    ],
    [
      'an operator deletes the account',
      async ({ user }) =>
        (await callWithKey(`${world.url}/v1/admin/users/${user.id}`, ADMIN_KEY, { method: 'DELETE' })).status,
    ],
  ];

  test.each(WAYS)(
    '%s: nothing is left of any column, but what the table says events keep',
    async (_way, leave) => {
      const person = await somebody();
      const mini = await world.miniProgramLogin(person);
      const website = await world.websiteLogin(person);
      const values = await fill(userColumns, mini.user.id);
      const ids = [await identityId(mini), await identityId(website)];
      for (const id of ids) await fill(identityColumns, id);
      const identities = await Promise.all(ids.map(identityRow));
      await storePictures(values);
      expect(await leave(mini)).toBe(204);
      await expectNoTrace([...userTraces(values), ...identities.flatMap(identityTraces), person.unionId]);
      expect(await storedPictures(values)).toEqual([]);
      expect(await world.count(`users WHERE id = '${mini.user.id}'`)).toBe(0);
      const kept = Object.values(USER_COLUMNS).some(({ deletion }) => deletion === 'event');
      expect((await world.count(`events WHERE user_id = '${mini.user.id}'`)) > 0).toBe(kept);
    },
  );

  test('an identity that is unlinked goes with its columns; the user and the other one stay as they are', async () => {
    const person = await somebody({ withUnionId: false });
    const login = await world.miniProgramLogin(person);
    const stays = await identityId(login);
    const goes = `unlinked-of-${login.user.id.slice(-12)}`;
    await world.backend.write(
      `INSERT INTO wechat_identities (id, user_id, app_id, app_kind, open_id, created_at)
       VALUES ('${goes}', '${login.user.id}', '${WEBSITE}', 'website', 'open-id-of-${goes}', '2026-01-01 00:00:00.000')`,
    );
    await fill(userColumns, login.user.id);
    for (const id of [stays, goes]) await fill(identityColumns, id);
    const before = [await userRow(login.user.id), await identityRow(stays)];
    const gone = await identityRow(goes);
    const reply = await call(`${world.url}/v1/users/me/identities/${goes}`, {
      token: login.accessToken,
      method: 'DELETE',
    });
    expect(reply.status).toBe(204);
    expect([await userRow(login.user.id), await identityRow(stays)]).toEqual(before);
    await expectNoTrace(identityTraces(gone));
  });
});

describe('what is shown', () => {
  type Shown = Readonly<Record<string, unknown>>;
  let login: TokenReply;
  let user: TextRow;
  let identity: TextRow;
  let session: TextRow;
  let exported: { text: string; user: Shown; identities: Shown[]; sessions: Shown[] };
  let operators: Shown & { identities: Shown[]; sessions: Shown[] };
  let me: Shown;
  let mine: { identities: Shown; sessions: Shown };

  beforeAll(async () => {
    login = await world.miniProgramLogin(await somebody());
    await fill(userColumns, login.user.id);
    const id = await identityId(login);
    await fill(identityColumns, id);
    // What was verified before is good for 5 s.
    world.clock.advance(6);
    const get = <Body>(path: string) =>
      call<Body>(`${world.url}/v1/users/me${path}`, { token: login.accessToken });
    const first = async (path: string) => (await get<{ items: Shown[] }>(path)).body.items[0] ?? {};
    const reply = await get<Omit<typeof exported, 'text'>>('/export');
    exported = { ...reply.body, text: reply.text };
    me = (await get<Shown>('')).body;
    mine = { identities: await first('/identities'), sessions: await first('/sessions') };
    const url = `${world.url}/v1/admin/users/${login.user.id}`;
    operators = (await callWithKey<typeof operators>(url, ADMIN_KEY)).body;
    user = await userRow(login.user.id);
    identity = await identityRow(id);
    const columns = await schemaColumns(world.backend, 'sessions');
    session = (await textRows(world.backend, columns, `identity_id = '${id}'`))[0] ?? {};
  });

  /** Names and values of a reply, as the table says them. */
  function shown(table: string, question: string, values: TextRow): Record<string, unknown> {
    const entries = Object.entries(DECIDED_TABLES[table] ?? {}).flatMap(([column, decisions]) => {
      const name = decisions[question];
      return typeof name === 'string' ? [[name, shownValue(column, values[column] ?? null)]] : [];
    });
    return Object.fromEntries(entries) as Record<string, unknown>;
  }

  function shownValue(column: string, value: string | null): unknown {
    if (value === null) return null;
    if (column === 'avatar_key') return `${world.url}/avatars/${value}`;
    return column.endsWith('_at') ? `${value.replace(' ', 'T')}Z` : value;
  }

  test('the person sees the columns of the user and of identities that the table names, and no others', () => {
    expect(me).toEqual(shown('users', 'person', user));
    expect(mine.identities).toEqual(shown('wechat_identities', 'person', identity));
  });

  test('operators see the columns that the table names, and no others', () => {
    const { identities, sessions, ...rest } = operators;
    expect(rest).toEqual(shown('users', 'operators', user));
    expect(identities).toEqual([shown('wechat_identities', 'operators', identity)]);
    expect(sessions.map((each) => Object.keys(each))).toEqual([Object.keys(mine.sessions)]);
  });

  test('operators see the same columns of a merged user', async () => {
    const id = login.user.id.replace(/^.{8}/, '00000000');
    await world.backend.write(
      `INSERT INTO users (id, status, merged_into, created_at, updated_at)
       VALUES ('${id}', 'merged', '${login.user.id}', '2026-01-01 00:00:00.000', '2026-01-01 00:00:00.000')`,
    );
    const url = `${world.url}/v1/admin/users?status=merged&limit=100`;
    const { body } = await callWithKey<{ items: Shown[] }>(url, ADMIN_KEY);
    const row = await userRow(id);
    expect(row.merged_into).toBe(login.user.id);
    expect(body.items.find((each) => each.id === id)).toEqual(shown('users', 'operators', row));
  });

  test('an export holds the columns that the table names, and no others', () => {
    expect(exported.user).toEqual(shown('users', 'exported', user));
    expect(exported.identities).toEqual([shown('wechat_identities', 'exported', identity)]);
    const hidden = [...userColumns, ...identityColumns].filter(
      (column) => isTraceable(column) && DECIDED_TABLES[column.table]?.[column.name]?.exported === null,
    );
    // Ids, and values such as `active`, may stand in an export for another reason.
    const values = hidden
      .map(({ table, name }) => (table === 'users' ? user : identity)[name])
      .filter((value) => value?.includes('sample-of'));
    expect(values).not.toHaveLength(0);
    expect(values.filter((value) => exported.text.includes(value ?? ''))).toEqual([]);
  });

  test('sessions are shown and exported with the columns that the table names', () => {
    const names = (question: string) => Object.keys(shown('sessions', question, session)).sort();
    // Beside its columns a session shows its app, and whether it is the one that asks.
    const own = (reply: Shown) =>
      Object.keys(reply)
        .filter((name) => !['appId', 'channel', 'current'].includes(name))
        .sort();
    expect(own(mine.sessions)).toEqual(names('person'));
    expect(own(exported.sessions[0] ?? {})).toEqual([...new Set([...names('exported'), 'device'])].sort());
  });

  test('union ids are exported with their identities', () => {
    expect(exported.identities[0]).toMatchObject(
      shown('union_ids', 'exported', { union_id: login.identity.unionId }),
    );
  });

  test('operators find a user by the columns that the table names, and by no others', async () => {
    const find = async (q: string): Promise<string[]> => {
      const url = `${world.url}/v1/admin/users?q=${encodeURIComponent(q)}`;
      const { body } = await callWithKey<{ items: { id: string }[] }>(url, ADMIN_KEY);
      return body.items.map(({ id }) => id);
    };
    const found: string[] = [];
    const said: string[] = [];
    for (const column of [...userColumns, ...identityColumns]) {
      const how = DECIDED_TABLES[column.table]?.[column.name]?.searched;
      const value = (column.table === 'users' ? user : identity)[column.name];
      if (!isTraceable(column) || how === 'filter' || value == null) continue;
      const place = `${column.table}.${column.name}`;
      // The ids of apps are those of everybody's, and `user_id` is the user's own.
      if (place === 'wechat_identities.user_id') continue;
      if ((await find(value)).includes(login.user.id)) found.push(`${place}: whole`);
      if ((await find(value.slice(0, -1))).includes(login.user.id)) found.push(`${place}: beginning`);
      if (how === 'whole' || how === 'beginning') said.push(`${place}: whole`);
      if (how === 'beginning') said.push(`${place}: beginning`);
    }
    expect(found).toEqual(said);
  });
});
