import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { Grants } from '../../src/partner/grants/grants.js';
import { Subjects } from '../../src/partner/grants/subjects.js';
import { INSTANCES } from '../harness/backend.js';
import { call, type CallOptions, type Reply } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../harness/operator.js';
import { type Person, type Problem, type TokenReply, World } from '../harness/world.js';

interface GrantReply {
  readonly id: string;
  readonly partner: { readonly id: string; readonly name: string };
  readonly scopes: string[];
  readonly createdAt: string;
  readonly lastUsedAt: string;
}

interface Page extends Problem {
  readonly items: GrantReply[];
  readonly nextCursor: string | null;
}

describe(`what a person granted partner apps, on ${INSTANCES} instance(s)`, () => {
  let world: World;
  let reports: string;
  let shop: string;
  beforeAll(async () => {
    world = await World.start(API_KEYS, INSTANCES);
    reports = await register('Reports');
    shop = await register('Shop');
  });
  afterAll(() => world.stop());

  let person: Person;
  let tokens: TokenReply;
  beforeEach(async () => {
    person = await world.person();
    tokens = await world.miniProgramLogin(person);
  });

  const last = INSTANCES - 1;
  async function register(name: string): Promise<string> {
    const json = { name, redirectUris: ['https://partner.example.com/callback'] };
    const { body } = await callWithKey<{ id: string }>(`${world.url}/v1/admin/partners`, ADMIN_KEY, { json });
    return body.id;
  }
  const grants = (instance = 0) => world.service(instance).app.get(Grants, { strict: false });
  const subjects = (instance = 0) => world.service(instance).app.get(Subjects, { strict: false });
  async function grant(partnerId: string, userId = tokens.user.id, scopes = ['openid', 'profile']) {
    const id = uuidv7();
    await grants().save({ id, partnerId, userId, scopes, payload: { accountId: userId } });
    return id;
  }
  const mine = <Body = Page>(
    path = '',
    options: CallOptions = {},
    { accessToken } = tokens,
  ): Promise<Reply<Body>> =>
    call<Body>(`${world.service(last).url}/v1/users/me/grants${path}`, { token: accessToken, ...options });
  const ids = async (of = tokens) => (await mine('', {}, of)).body.items.map(({ id }) => id);
  const operate = (path: string, method = 'POST') =>
    callWithKey(`${world.url}/v1/admin/users/${path}`, ADMIN_KEY, { method });
  async function withdrawals(userId: string) {
    const { body } = await callWithKey<{ items: { actor: string; details: object }[] }>(
      `${world.url}/v1/admin/events?type=partner.consent_withdrawn&userId=${userId}`,
      ADMIN_KEY,
    );
    return body.items.map(({ actor, details }) => ({ actor, details }));
  }
  /** Two accounts of one person, merged by a login that reveals their unionid. The older survives. */
  async function twoAccounts(): Promise<{
    older: TokenReply;
    younger: TokenReply;
    merge: () => Promise<void>;
  }> {
    const both = await world.person({ withUnionId: false });
    const older = await world.miniProgramLogin(both);
    world.clock.advance(1);
    const younger = await world.websiteLogin(both);
    const merge = async () => {
      await world.control(`people/${both.id}`, { withUnionId: true }, 'PATCH');
      await world.miniProgramLogin(both);
      const { user } = await world.websiteLogin(both);
      expect(user.id).toBe(older.user.id);
    };
    return { older, younger, merge };
  }

  test('is listed by pages, the newest first, to the person alone', async () => {
    expect((await mine()).body).toEqual({ items: [], nextCursor: null });
    const first = await grant(reports);
    const second = await grant(shop, tokens.user.id, ['openid']);
    const { body } = await mine('?limit=1');
    expect(body.items).toEqual([
      {
        id: second,
        partner: { id: shop, name: 'Shop' },
        scopes: ['openid'],
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        lastUsedAt: expect.any(String),
      },
    ]);
    const next = await mine(`?limit=1&cursor=${body.nextCursor ?? ''}`);
    expect(next.body).toMatchObject({ items: [{ id: first }], nextCursor: null });
    const other = await world.miniProgramLogin(await world.person());
    expect(await ids(other)).toEqual([]);
    expect((await mine(`?limit=1&cursor=${body.nextCursor ?? ''}`, {}, other)).body.code).toBe(
      'CURSOR_INVALID',
    );
    expect((await call<Problem>(`${world.url}/v1/users/me/grants`)).body.code).toBe('TOKEN_MISSING');
  });

  test('says when a partner used it last, to the minute', async () => {
    const id = await grant(reports);
    const [before] = (await mine()).body.items;
    world.clock.advance(59);
    await grants().touch(id);
    expect((await mine()).body.items[0]?.lastUsedAt).toBe(before?.lastUsedAt);
    world.clock.advance(2);
    await grants().touch(id);
    const [after] = (await mine()).body.items;
    expect(Date.parse(after?.lastUsedAt ?? '')).toBeGreaterThan(
      Date.parse(before?.lastUsedAt ?? '') + 60_000,
    );
    expect(after?.createdAt).toBe(before?.createdAt);
  });

  test('is found with its payload, and replaced under the same id', async () => {
    const id = await grant(reports);
    const found = await grants(last).find(id);
    expect(found).toMatchObject({
      id,
      partnerId: reports,
      userId: tokens.user.id,
      scopes: ['openid', 'profile'],
      payload: { accountId: tokens.user.id },
    });
    const more = { scopes: ['openid', 'phone'], payload: { more: true } };
    await grants().save({ id, partnerId: reports, userId: tokens.user.id, ...more });
    expect(await grants(last).find(id)).toMatchObject({ ...more, createdAt: found?.createdAt });
    expect(await grants().ofPersonAt(reports, tokens.user.id)).toHaveLength(1);
    expect(await grants().ofPersonAt(shop, tokens.user.id)).toEqual([]);
    for (const unknown of [uuidv7(), 'x', '']) expect(await grants().find(unknown)).toBeNull();
  });

  test('one withdrawal ends every grant at that partner, and no other; codes and tokens go with it', async () => {
    const [first, second] = [await grant(reports), await grant(reports)];
    const kept = await grant(shop);
    const now = `'2026-01-01 00:00:00.000'`;
    await world.backend.write(
      `INSERT INTO partner_tokens (id, model, grant_id, payload, expires_at, created_at)
       VALUES ('of-first', 'RefreshToken', '${first}', '{}', ${now}, ${now}), ('of-kept', 'RefreshToken', '${kept}', '{}', ${now}, ${now})`,
    );
    expect((await mine(`/${second}`, { method: 'DELETE' })).status).toBe(204);
    expect(await ids()).toEqual([kept]);
    expect(await grants().find(first)).toBeNull();
    expect(await world.count("partner_tokens WHERE id = 'of-first'")).toBe(0);
    expect(await world.count("partner_tokens WHERE id = 'of-kept'")).toBe(1);
    expect(await withdrawals(tokens.user.id)).toEqual([{ actor: 'user', details: { partnerId: reports } }]);
    expect((await mine<Problem>(`/${second}`, { method: 'DELETE' })).body.code).toBe('NOT_FOUND');
  });

  test('of somebody else cannot be withdrawn', async () => {
    const id = await grant(reports);
    const other = await world.miniProgramLogin(await world.person());
    for (const unknown of [id, uuidv7(), 'x']) {
      const reply = await mine<Problem>(`/${unknown}`, { method: 'DELETE' }, other);
      expect({ status: reply.status, code: reply.body.code }).toEqual({ status: 404, code: 'NOT_FOUND' });
    }
    expect((await mine('', { method: 'DELETE' }, other)).status).toBe(204);
    expect(await ids()).toEqual([id]);
  });

  test('all are withdrawn at once, with one event for each partner, however often it is asked', async () => {
    for (const partner of [reports, reports, shop]) await grant(partner);
    const replies = await Promise.all([1, 2, 3].map(() => mine('', { method: 'DELETE' })));
    expect(replies.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(await ids()).toEqual([]);
    const partners = (await withdrawals(tokens.user.id)).map(({ details }) => details);
    expect(partners).toHaveLength(2);
    expect(partners).toEqual(expect.arrayContaining([{ partnerId: reports }, { partnerId: shop }]));
  });

  test('means nothing while the person is disabled, and is deleted with the account', async () => {
    const id = await grant(reports);
    await subjects().subOf(reports, tokens.user.id);
    await operate(`${tokens.user.id}/disable`);
    expect(await grants(last).find(id)).toBeNull();
    expect(await grants(last).ofPersonAt(reports, tokens.user.id)).toEqual([]);
    await operate(`${tokens.user.id}/enable`);
    expect(await grants(last).find(id)).not.toBeNull();
    await operate(tokens.user.id, 'DELETE');
    expect(await grants(last).find(id)).toBeNull();
    expect(await world.count(`partner_grants WHERE id = '${id}'`)).toBe(0);
    expect(await world.count(`partner_subjects WHERE user_id = '${tokens.user.id}'`)).toBe(0);
    await expect(grant(reports)).rejects.toMatchObject({ code: 'SESSION_ENDED' });
    await expect(subjects().subOf(reports, tokens.user.id)).rejects.toMatchObject({ code: 'SESSION_ENDED' });
  });

  test('of two accounts that turn out to be one person is that of the survivor', async () => {
    const { older, younger, merge } = await twoAccounts();
    const ofOlder = await grant(reports, older.user.id);
    const ofYounger = await grant(reports, younger.user.id);
    const atShop = await grant(shop, younger.user.id);
    await merge();
    expect(await ids(older)).toEqual([atShop, ofYounger, ofOlder]);
    expect((await grants().find(ofYounger))?.userId).toBe(older.user.id);
    for (const userId of [older.user.id, younger.user.id]) {
      expect(await grants().ofPersonAt(reports, userId)).toHaveLength(2);
    }
    expect((await mine(`/${ofYounger}`, { method: 'DELETE' }, older)).status).toBe(204);
    expect(await ids(older)).toEqual([atShop]);
    await operate(`${older.user.id}/disable`);
    expect(await grants().find(atShop)).toBeNull();
    await operate(older.user.id, 'DELETE');
    expect(await world.count(`partner_grants WHERE id = '${atShop}'`)).toBe(0);
  });

  test('a partner knows a person by a name of its own, also if it asks twice at once', async () => {
    const subs = await Promise.all(
      [0, last, 0, last].map((instance) => subjects(instance).subOf(reports, tokens.user.id)),
    );
    expect(new Set(subs).size).toBe(1);
    expect(subs[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(await subjects().subOf(shop, tokens.user.id)).not.toBe(subs[0]);
    const other = await world.miniProgramLogin(await world.person());
    expect(await subjects().subOf(reports, other.user.id)).not.toBe(subs[0]);
    await mine('', { method: 'DELETE' });
    expect(await subjects(last).subOf(reports, tokens.user.id)).toBe(subs[0]);
  });

  test('the name outlives a merge: the earliest counts, whichever account it was made for', async () => {
    for (const first of ['older', 'younger'] as const) {
      const accounts = await twoAccounts();
      const second = first === 'older' ? 'younger' : 'older';
      const earliest = await subjects().subOf(reports, accounts[first].user.id);
      world.clock.advance(1);
      await subjects().subOf(reports, accounts[second].user.id);
      const alone = await subjects().subOf(shop, accounts.younger.user.id);
      await accounts.merge();
      for (const { user } of [accounts.older, accounts.younger]) {
        expect(await subjects(last).subOf(reports, user.id)).toBe(earliest);
        expect(await subjects(last).subOf(shop, user.id)).toBe(alone);
      }
    }
  });

  test('an export contains the grants, and the names by which partners know the person', async () => {
    const { older, younger, merge } = await twoAccounts();
    await grant(reports, older.user.id);
    await grant(shop, younger.user.id);
    const sub = await subjects().subOf(shop, younger.user.id);
    await merge();
    const { body } = await call<{ grants: GrantReply[]; partnerSubjects: object[] }>(
      `${world.url}/v1/users/me/export`,
      { token: older.accessToken },
    );
    expect(body.grants).toEqual((await mine('', {}, older)).body.items);
    expect(body.grants).toHaveLength(2);
    expect(body.partnerSubjects).toEqual([
      { partner: { id: shop, name: 'Shop' }, sub, createdAt: expect.any(String) },
    ]);
  });
});
