import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { MINI_PROGRAM, WEBSITE, World } from '../harness/world.js';

describe('one person is one user', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test('who logs in from the mini program and on the website has one user with two identities', async () => {
    const person = await world.person();
    const first = await world.miniProgramLogin(person);
    const second = await world.websiteLogin(person);
    expect(first.isNewUser).toBe(true);
    expect(second.isNewUser).toBe(false);
    expect(second.user.id).toBe(first.user.id);
    const identities = await call<{ items: { appId: string; openId: string }[] }>(
      `${world.url}/v1/users/me/identities`,
      { token: second.accessToken },
    );
    expect(identities.body.items.map(({ appId, openId }) => ({ appId, openId }))).toEqual([
      { appId: MINI_PROGRAM, openId: person.openIds[MINI_PROGRAM] },
      { appId: WEBSITE, openId: person.openIds[WEBSITE] },
    ]);
  });

  test('a returning person gets the same user again', async () => {
    const person = await world.person({ withUnionId: false });
    const first = await world.miniProgramLogin(person);
    const second = await world.miniProgramLogin(person);
    expect(second.user.id).toBe(first.user.id);
    expect(second.isNewUser).toBe(false);
  });

  test('a unionid that arrives late is attached', async () => {
    const person = await world.person({ withUnionId: false });
    const first = await world.miniProgramLogin(person);
    expect(first.identity.unionId).toBeNull();
    const bound = await world.control<{ unionId: string }>(
      `people/${person.id}`,
      { withUnionId: true },
      'PATCH',
    );
    const second = await world.miniProgramLogin(person);
    expect(second.user.id).toBe(first.user.id);
    expect(second.identity.unionId).toBe(bound.unionId);
  });

  test('a unionid that arrives late merges two users: the older one stays, old tokens go on as it', async () => {
    const person = await world.person({ withUnionId: false });
    const older = await world.miniProgramLogin(person);
    world.clock.advance(1);
    const younger = await world.websiteLogin(person);
    expect(younger.user.id).not.toBe(older.user.id);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.miniProgramLogin(person);
    const merged = await world.websiteLogin(person);
    expect(merged.user.id).toBe(older.user.id);
    expect(merged.user.nickname).toBe(person.nickname);
    world.clock.advance(6);
    const me = await call<{ id: string }>(`${world.url}/v1/users/me`, { token: younger.accessToken });
    expect(me.body.id).toBe(older.user.id);
    const rows = await world.backend.rows(
      `SELECT merged_into, status FROM users WHERE id = '${younger.user.id}'`,
    );
    expect(rows).toEqual([{ merged_into: older.user.id, status: 'merged' }]);
  });

  test('a merge keeps the phone number and the nickname that only the younger user had', async () => {
    const person = await world.person({ withUnionId: false, nickname: '' });
    const older = await world.websiteLogin(person);
    world.clock.advance(1);
    const younger = await world.miniProgramLogin(person);
    const { code } = await world.control<{ code: string }>('phone-code', {
      person: person.id,
      appId: MINI_PROGRAM,
      phoneNumber: '13800138111',
    });
    const token = younger.accessToken;
    const phone = await call(`${world.url}/v1/mini-program/phone-number`, { token, json: { code } });
    expect(phone.status).toBe(200);
    await call(`${world.url}/v1/users/me`, { method: 'PATCH', token, json: { nickname: '小红' } });

    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.websiteLogin(person);
    await world.miniProgramLogin(person);
    world.clock.advance(6);
    const { body } = await call(`${world.url}/v1/users/me`, { token });
    expect(body).toMatchObject({ id: older.user.id, nickname: '小红', phoneNumber: '+8613800138111' });
    const [merged] = await world.backend.rows(
      `SELECT status, nickname, phone_number FROM users WHERE id = '${younger.user.id}'`,
    );
    expect(merged).toEqual({ status: 'merged', nickname: null, phone_number: null });
    const [event] = await world.backend.rows(
      `SELECT details FROM events WHERE type = 'user.merged' AND user_id = '${older.user.id}'`,
    );
    expect(JSON.parse(String(event?.details))).toMatchObject({
      mergedUserId: younger.user.id,
      filled: ['nickname', 'phone_number'],
    });
  });

  test('twenty first logins of one person at once, over both doors, make one user and twenty good answers', async () => {
    const person = await world.person();
    const before = await world.backend.rows('SELECT COUNT(*) AS n FROM users');
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? world.miniProgramLogin(person) : world.websiteLogin(person),
      ),
    );
    expect(new Set(replies.map((reply) => reply.user.id)).size).toBe(1);
    expect(replies.filter((reply) => reply.isNewUser)).toHaveLength(1);
    const after = await world.backend.rows('SELECT COUNT(*) AS n FROM users');
    expect(Number(after[0]?.n)).toBe(Number(before[0]?.n) + 1);
  });

  test('openids that differ only in case are two people', async () => {
    const lower = await world.person({
      withUnionId: false,
      openIds: { [MINI_PROGRAM]: 'oabcdefghijklmnopqrstuvwxyz0' },
    });
    const upper = await world.person({
      withUnionId: false,
      openIds: { [MINI_PROGRAM]: 'oABCDEFGHIJKLMNOPQRSTUVWXYZ0' },
    });
    const first = await world.miniProgramLogin(lower);
    const second = await world.miniProgramLogin(upper);
    expect(second.isNewUser).toBe(true);
    expect(second.user.id).not.toBe(first.user.id);
  });

  test('a known openid whose unionid changed is refused and recorded', async () => {
    const person = await world.person();
    await world.miniProgramLogin(person);
    await world.control(`people/${person.id}`, { unionId: 'oAnotherOpenPlatformAccount0' }, 'PATCH');
    const reply = await world.loginWith(await world.wxLogin(person));
    expect(reply.status).toBe(409);
    expect(reply.body.code).toBe('WECHAT_UNIONID_CHANGED');
    const events = await world.backend.rows(
      `SELECT type FROM events WHERE type = 'identity.unionid_change_refused'`,
    );
    expect(events).toHaveLength(1);
  });
});
