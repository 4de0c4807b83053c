import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { INSTANCES } from '../harness/backend.js';
import { call } from '../harness/http.js';
import { MINI_PROGRAM, type Person, type Problem, WEBSITE, World } from '../harness/world.js';

const TABLES = ['users', 'union_ids', 'wechat_identities', 'sessions', 'events', 'avatar_jobs'];

describe('taking data along and leaving', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({}, INSTANCES);
  });
  afterAll(() => world.stop());

  const leave = (token: string) => call<Problem>(`${world.url}/v1/users/me`, { token, method: 'DELETE' });
  const everything = async () =>
    JSON.stringify(await Promise.all(TABLES.map((table) => world.backend.rows(`SELECT * FROM ${table}`))));

  const withPhone = async (person: Person, token: string): Promise<void> => {
    const { code } = await world.control<{ code: string }>('phone-code', {
      person: person.id,
      appId: MINI_PROGRAM,
      phoneNumber: '13900001111',
    });
    const reply = await call(`${world.url}/v1/mini-program/phone-number`, { token, json: { code } });
    expect(reply.status).toBe(200);
  };

  test('an export holds everything about the person and no secret', async () => {
    const person = await world.person({ nickname: '要走的人 🍂' });
    const { accessToken } = await world.miniProgramLogin(person);
    await world.websiteLogin(person);
    const reply = await call(`${world.url}/v1/users/me/export`, {
      token: accessToken,
    });
    expect(reply.headers.get('content-disposition')).toContain('attachment');
    expect(reply.body.user).toMatchObject({ nickname: '要走的人 🍂' });
    expect(reply.body.identities).toHaveLength(2);
    expect(reply.body.sessions).toHaveLength(2);
    expect(JSON.stringify(reply.body.events)).toContain('login.succeeded');
    for (const table of ['wechat_identities']) {
      for (const row of await world.backend.rows(`SELECT session_key, refresh_token FROM ${table}`)) {
        for (const sealed of Object.values(row)) {
          if (typeof sealed === 'string') expect(reply.text.includes(sealed)).toBe(false);
        }
      }
    }
  });

  test('an export holds sessions that have ended, what happened to merged accounts, and pictures still to come', async () => {
    const person = await world.person({ withUnionId: false });
    const first = await world.miniProgramLogin(person);
    await call(`${world.url}/v1/auth/logout`, { json: { refreshToken: first.refreshToken } });
    world.clock.advance(1);
    const second = await world.websiteLogin(person);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    const { accessToken } = await world.miniProgramLogin(person);
    await world.websiteLogin(person);
    const { body } = await call<{
      sessions: { endedAt: string | null; endReason: string | null }[];
      events: { type: string; details: { sessionId?: string } }[];
      pendingPictures: string[];
    }>(`${world.url}/v1/users/me/export`, { token: accessToken });
    expect(body.sessions).toHaveLength(4);
    const ended = body.sessions.filter(({ endedAt }) => endedAt !== null);
    expect(ended.map(({ endReason }) => endReason)).toEqual(['logout']);
    const logins = body.events.filter(({ type }) => type === 'login.succeeded');
    expect(logins).toHaveLength(4);
    const held = await world.count(`events WHERE user_id IN ('${first.user.id}', '${second.user.id}')`);
    expect(body.events).toHaveLength(held);
    expect(Array.isArray(body.pendingPictures)).toBe(true);
  });

  test('after a deletion no address remains, whatever other devices of the user do on other instances', async () => {
    const person = await world.person();
    const { accessToken, user } = await world.miniProgramLogin(person);
    const elsewhere = world.service(INSTANCES - 1).url;
    expect((await world.verify(accessToken, elsewhere)).status).toBe(200);
    expect((await leave(accessToken)).status).toBe(204);
    const others = [
      await call(`${elsewhere}/v1/users/me/sessions`, { token: accessToken, method: 'DELETE' }),
      await call(`${elsewhere}/v1/users/me`, { token: accessToken, json: { nickname: '我还在' } }),
    ];
    expect(others.map(({ status }) => status)).toEqual([401, 401]);
    expect(await world.count(`events WHERE user_id = '${user.id}' AND ip IS NOT NULL`)).toBe(0);
  });

  test('devices that log out, or repeat an old refresh token, while the account is deleted leave no address behind', async () => {
    const gone: string[] = [];
    for (let round = 0; round < 30; round++) {
      const person = await world.person();
      const { accessToken, user } = await world.miniProgramLogin(person);
      const [one, two] = [await world.miniProgramLogin(person), await world.miniProgramLogin(person)];
      await world.refresh(two.refreshToken);
      world.clock.advance(61);
      const elsewhere = world.service(round % INSTANCES).url;
      const later = new Promise((resolve) => setTimeout(resolve, round % 6));
      const [left, ...replies] = await Promise.all([
        leave(accessToken),
        later.then(() => call(`${elsewhere}/v1/auth/logout`, { json: { refreshToken: one.refreshToken } })),
        later.then(() => world.refresh(two.refreshToken, elsewhere)),
      ]);
      expect(left.status).toBe(204);
      for (const { status } of replies) expect(status).toBeLessThan(500);
      gone.push(user.id);
    }
    const ids = gone.map((id) => `'${id}'`).join(', ');
    expect(await world.count(`events WHERE user_id IN (${ids}) AND ip IS NOT NULL`)).toBe(0);
  });

  test('a deleted account is erased from every table, all sessions end at once, and a later login is a new user', async () => {
    const person = await world.person({ nickname: '无影无踪' });
    const { accessToken, user } = await world.miniProgramLogin(person);
    await withPhone(person, accessToken);
    const website = await world.websiteLogin(person);
    expect(await everything()).toContain('13900001111');
    expect((await leave(accessToken)).status).toBe(204);
    for (const token of [accessToken, website.accessToken]) {
      expect((await call(`${world.url}/v1/auth/verify`, { token })).status).toBe(401);
    }
    const refreshed = await call(`${world.url}/v1/auth/refresh`, {
      json: { refreshToken: website.refreshToken },
    });
    expect(refreshed.status).toBe(401);
    const left = await everything();
    const traces = [
      person.unionId,
      person.openIds[MINI_PROGRAM],
      person.openIds[WEBSITE],
      '无影无踪',
      '13900001111',
    ];
    for (const trace of traces) expect(left.includes(trace ?? '?')).toBe(false);
    const events = await world.backend.rows(`SELECT ip FROM events WHERE user_id = '${user.id}'`);
    expect(events.length).toBeGreaterThan(0);
    expect(new Set(events.map((row) => row.ip))).toEqual(new Set([null]));
    const later = await world.miniProgramLogin(person);
    expect(later.isNewUser).toBe(true);
    expect(later.user.id).not.toBe(user.id);
  });

  test('a deletion during a concurrent link and login leaves no partial data', async () => {
    for (let round = 0; round < 5; round++) {
      const person = await world.person();
      const { accessToken } = await world.miniProgramLogin(person);
      const codes = await Promise.all([world.wxLogin(person), world.wxLogin(person)]);
      const proof = await world.miniProgramProof(person);
      const [gone, ...others] = await Promise.all([
        leave(accessToken),
        call(`${world.url}/v1/users/me/identities/mini-program`, {
          token: accessToken,
          json: { code: codes[0], proof },
        }),
        world.loginWith(codes[1]),
      ]);
      expect(gone.status).toBe(204);
      for (const reply of others) expect(reply.status).toBeLessThan(500);
    }
    const orphans = await world.backend.rows(
      `SELECT i.id FROM wechat_identities i LEFT JOIN users u ON u.id = i.user_id
       WHERE u.id IS NULL OR u.status = 'merged'`,
    );
    expect(orphans).toEqual([]);
  });

  test('merged accounts go with the one that they became part of', async () => {
    const person = await world.person({ withUnionId: false });
    await world.miniProgramLogin(person);
    world.clock.advance(1);
    await world.websiteLogin(person);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.miniProgramLogin(person);
    const { accessToken } = await world.websiteLogin(person);
    expect((await leave(accessToken)).status).toBe(204);
    const left = await everything();
    for (const openId of Object.values(person.openIds)) expect(left.includes(openId)).toBe(false);
  });
});
