import { describe, expect, test } from '@jest/globals';
import type { Change } from '../src/index.js';
import { ME, setStage } from './phone/stage.js';

const stage = setStage();

/** Collects what a listener is told about a guest. */
function told(auth = stage.auth): NonNullable<Change['guest']>[] {
  const guests: NonNullable<Change['guest']>[] = [];
  auth.onChange(({ guest }) => guest && guests.push(guest));
  return guests;
}

describe('a guest', () => {
  test('calls without a token and never logs in, also after a restart', async () => {
    stage.auth.continueAsGuest();
    for (const auth of [stage.auth, stage.restart()]) {
      expect(auth.status).toBe('guest');
      expect(await auth.request({ url: ME })).toMatchObject({ statusCode: 401 });
      expect(await auth.getUser()).toBeNull();
    }
    expect(stage.logins()).toEqual({ wx: 0, login: 0, refresh: 0 });
    expect(stage.phone.network.sent.length).toBe(2);
    for (const { header } of stage.phone.network.sent) expect(header).not.toHaveProperty('Authorization');
  });

  test('who was logged in has no session left', async () => {
    await stage.auth.login();
    stage.auth.continueAsGuest();
    expect(stage.auth).toMatchObject({ status: 'guest', user: null });
    expect(stage.phone.storage.text).not.toMatch(/eyJ/);
    while ((await stage.liveSessions()) > 0) await new Promise(setImmediate);
    while (stage.phone.time.pending > 0) await new Promise(setImmediate);
  });

  test('is told about at the login, with the same id after a restart', async () => {
    const guest = stage.auth.continueAsGuest();
    const { id } = guest;
    guest.note({ item: 'tea' });
    const again = stage.restart().continueAsGuest();
    expect(again.id).toBe(id);
    again.note({ item: 'rice' });
    const changes: Change[] = [];
    stage.auth.onChange((change) => void changes.push(change));
    const { user } = await stage.auth.login();
    expect(changes).toEqual([
      { status: 'logged-in', user, guest: { id, notes: [{ item: 'tea' }, { item: 'rice' }] } },
    ]);
  });

  test('leaves the newest 50 notes, and none after the login', async () => {
    const guests = told();
    const guest = stage.auth.continueAsGuest();
    for (let n = 1; n <= 60; n++) guest.note(n);
    await stage.auth.login();
    guest.note(61);
    expect(guests.map(({ notes }) => notes)).toEqual([Array.from({ length: 50 }, (_, n) => n + 11)]);
  });

  test('has notes in memory where storage throws', async () => {
    stage.phone.storage.state = 'throws';
    const guests = told(stage.restart());
    stage.auth.continueAsGuest().note('tea');
    await stage.auth.login();
    expect(guests).toEqual([expect.objectContaining({ notes: ['tea'] })]);
  });

  test('who logs out is forgotten', async () => {
    const guest = stage.auth.continueAsGuest();
    const { id } = guest;
    guest.note('tea');
    await stage.auth.logout();
    const guests = told();
    expect(stage.auth.continueAsGuest().id).not.toBe(id);
    await stage.auth.login();
    expect(guests).toEqual([expect.objectContaining({ notes: [] })]);
  });
});

test('a guest who is logging in can go on choosing', async () => {
  const add = (item: string) => stage.auth.status === 'guest' && stage.auth.continueAsGuest().note(item);
  stage.auth.continueAsGuest();
  add('tea');
  let go = (): void => undefined;
  stage.phone.faults.plan('login', { kind: 'waits', until: new Promise<void>((resolve) => (go = resolve)) });
  const guests = told();
  const login = stage.auth.login();
  add('rice');
  go();
  await login;
  expect(stage.auth.status).toBe('logged-in');
  expect(guests).toEqual([expect.objectContaining({ notes: ['tea', 'rice'] })]);
  expect(await stage.liveSessions()).toBe(1);
});

describe('what a guest did is kept', () => {
  test('until a listener is there, also after a restart, and is then told once', async () => {
    stage.auth.continueAsGuest().note('tea');
    await stage.auth.login();
    const guests = told(stage.restart());
    expect(guests).toEqual([expect.objectContaining({ notes: ['tea'] })]);
    while (stage.phone.storage.text.includes('tea')) await new Promise(setImmediate);
    expect(told()).toEqual([]);
    expect(told(stage.restart())).toEqual([]);
  });

  test.each([
    ['throws', () => JSON.parse('{') as unknown],
    ['rejects', () => Promise.reject(new Error('the cart is down'))],
  ])('where the listener %s', async (_, fails) => {
    stage.auth.continueAsGuest().note('tea');
    stage.auth.onChange(({ guest }) => guest && fails());
    await stage.auth.login();
    while (stage.program.errors.length === 0) await new Promise(setImmediate);
    expect(told(stage.restart())).toEqual([expect.objectContaining({ notes: ['tea'] })]);
  });

  test('until all of two listeners have taken it', async () => {
    stage.auth.continueAsGuest().note('tea');
    const guests = told();
    stage.auth.onChange(({ guest }) => guest && Promise.reject(new Error('the cart is down')));
    await stage.auth.login();
    while (stage.program.errors.length === 0) await new Promise(setImmediate);
    expect(guests.length).toBe(1);
    expect(told(stage.restart())).toEqual(guests);
  });

  test('where the mini program ends while a listener takes it', async () => {
    stage.auth.continueAsGuest().note('tea');
    let go = (): void => undefined;
    const taken = new Promise<void>((resolve) => (go = resolve));
    stage.auth.onChange(async ({ guest }) => {
      if (!guest) return;
      await stage.auth.getUser();
      await taken;
    });
    await stage.auth.login();
    await stage.auth.getUser();
    expect(told()).toEqual([]);
    const before = stage.phone.storage.text;
    expect(told(stage.restart())).toEqual([expect.objectContaining({ notes: ['tea'] })]);
    expect(before).toContain('tea');
    go();
  });

  test('where a listener comes later that does not care', async () => {
    stage.auth.continueAsGuest().note('tea');
    let isDown = true;
    const guests: unknown[] = [];
    stage.auth.onChange(({ guest }) => {
      if (!guest) return;
      if (isDown) throw new Error('the cart is down');
      guests.push(guest);
    });
    await stage.auth.login();
    while (stage.program.errors.length === 0) await new Promise(setImmediate);
    isDown = false;
    stage.auth.onChange(() => undefined);
    expect(guests).toEqual([expect.objectContaining({ notes: ['tea'] })]);
  });

  test('where the login fails', async () => {
    stage.auth.continueAsGuest().note('tea');
    const guests = told();
    stage.phone.network.isOffline = true;
    await expect(stage.auth.login()).rejects.toMatchObject({ code: 'WX_LOGIN_FAILED' });
    expect(stage.auth.status).toBe('guest');
    expect(guests).toEqual([]);
    stage.phone.network.isOffline = false;
    await stage.auth.login();
    expect(guests).toEqual([expect.objectContaining({ notes: ['tea'] })]);
  });
});
