import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Callbacks, EncryptedData } from '../src/index.js';
import { LOGIN, ME, setStage } from './phone/stage.js';

// The end of a session that a login has replaced is told beside the test.
afterEach(async () => {
  while (stage.phone.time.pending > 0) await new Promise(setImmediate);
});
const stage = setStage();
beforeAll(() => stage.world.control('settings', { sessionKeyMinIntervalSeconds: 0 }));

const DATA = 'POST /v1/mini-program/open-data';
const STEPS = { stepInfoList: [{ step: 4321 }] };

type GetData = (callbacks: Callbacks<EncryptedData>) => unknown;
const steps = () => stage.auth.openData((callbacks) => (stage.phone.wx.getWeRunData as GetData)(callbacks));
const sent = () => stage.phone.network.sent.map(({ call }) => call);

/** WeChat makes a new session_key, which the service does not know. */
const outdateKey = () => stage.world.wxLogin(stage.person);

describe('data that WeChat encrypts', () => {
  test('is asked for after the login, which needs no check', async () => {
    expect(await steps()).toMatchObject(STEPS);
    expect(stage.phone.called).toEqual(['login', 'getWeRunData']);
    expect(sent()).toEqual([LOGIN, DATA]);
  });

  test('is asked for after a check of the session, also after a restart', async () => {
    await stage.auth.login();
    stage.restart();
    expect(await steps()).toMatchObject(STEPS);
    expect(stage.phone.called).toEqual(['login', 'checkSession', 'getWeRunData']);
    expect(sent()).toEqual([LOGIN, DATA]);
  });

  test('is asked for after a login where the check fails', async () => {
    await stage.auth.login();
    await outdateKey();
    const errMsg = 'checkSession:fail session time out, need relogin';
    stage.phone.faults.plan('checkSession', { kind: 'fails', errMsg, errno: -13001 });
    expect(await steps()).toMatchObject(STEPS);
    expect(stage.phone.called).toEqual(['login', 'checkSession', 'login', 'getWeRunData']);
  });

  test('is asked for again, after wx.login, where the key of the service is stale', async () => {
    await stage.auth.login();
    await outdateKey();
    expect(await steps()).toMatchObject(STEPS);
    expect(stage.phone.called).toEqual(['login', 'checkSession', 'getWeRunData', 'login', 'getWeRunData']);
    expect(sent().filter((call) => call === LOGIN || call === DATA)).toEqual([LOGIN, DATA, LOGIN, DATA]);
    const [first, second] = stage.phone.network.sent.filter(({ call }) => call === DATA);
    expect(second?.data).not.toEqual(first?.data);
  });

  test('is asked for again once only', async () => {
    const stranger = await stage.world.person();
    await stage.world.miniProgramLogin(stranger);
    let calls = 0;
    const get = (): Promise<EncryptedData> => {
      calls++;
      return stage.world.control('open-data', { person: stranger.id, kind: 'custom', data: { step: 1 } });
    };
    await expect(stage.auth.openData(get)).rejects.toMatchObject({ code: 'SESSION_KEY_STALE' });
    expect(calls).toBe(2);
    expect(stage.logins()).toMatchObject({ wx: 2, login: 2 });
    expect(stage.phone.network.callsOf(DATA)).toBe(2);
  });

  test('that the person refuses to give is not asked for again', async () => {
    const errMsg = 'getWeRunData:fail auth deny';
    stage.phone.faults.plan('getWeRunData', { kind: 'fails', errMsg, errno: 103 });
    await expect(steps()).rejects.toMatchObject({ code: 'REFUSED', reason: { errMsg } });
    expect(stage.phone.callsOf('getWeRunData')).toBe(1);
    expect(stage.phone.network.callsOf(DATA)).toBe(0);
  });

  test('of a phone number cannot be asked for again: the next tap brings data that fits', async () => {
    await stage.auth.login();
    await outdateKey();
    const event = async () => ({
      detail: await stage.world.control<object>('open-data', { person: stage.person.id, kind: 'phone' }),
    });
    await expect(stage.auth.phoneNumber(await event())).rejects.toMatchObject({
      code: 'SESSION_KEY_STALE',
      requestId: expect.any(String),
      advice: { zh: '请再点一次并同意', en: 'Tap again and agree' },
    });
    expect(stage.logins()).toMatchObject({ wx: 2, login: 2 });
    expect(await stage.auth.phoneNumber(await event())).toMatchObject({ status: 'granted' });
    expect(stage.logins()).toMatchObject({ wx: 2, login: 2 });
  });

  test('is out of reach of a guest and after a logout, and nothing logs in', async () => {
    stage.auth.continueAsGuest();
    const get = () => Promise.resolve({ encryptedData: 'x', iv: 'y' });
    await expect(stage.auth.openData(get)).rejects.toMatchObject({ status: 401 });
    await stage.auth.logout();
    await expect(steps()).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    expect(stage.logins().wx).toBe(0);
    expect(stage.phone.callsOf('checkSession')).toBe(0);
  });
});

test('nothing else checks the session', async () => {
  await stage.auth.login();
  await stage.auth.request({ url: ME });
  await stage.auth.getUser();
  await stage.auth.phoneNumber(await stage.phone.phoneEvent());
  await stage.restart().getUser();
  await stage.auth.leave();
  expect(stage.phone.callsOf('checkSession')).toBe(0);
});
