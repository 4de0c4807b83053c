import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../src/index.js';
import type { Failure } from './phone/consent.js';
import { ME, setStage } from './phone/stage.js';

const stage = setStage();
const SCOPE = 'scope.userLocation';

/** What the person is told, by status. */
const ADVICE: Readonly<Record<string, readonly [zh: string, en: string]>> = {
  'never-asked': ['请再点一次并同意', 'Tap again and agree'],
  refused: ['请再点一次并同意', 'Tap again and agree'],
  'refused-before': ['请在设置中允许', 'Allow it in settings'],
  'privacy-refused': ['请再点一次并同意', 'Tap again and agree'],
  'tap-required': ['请再点一次并同意', 'Tap again and agree'],
  'not-declared': ['请联系客服', 'Contact support'],
  'no-permission': ['请联系客服', 'Contact support'],
  banned: ['请联系客服', 'Contact support'],
  unavailable: ['请联系客服', 'Contact support'],
  'no-quota': ['请换一个', 'Try another one'],
  rejected: ['请换一个', 'Try another one'],
  empty: ['请换一个', 'Try another one'],
  busy: ['请稍后再试', 'Try again later'],
};

/** Judges an outcome that is not `granted`: code, advice, and what WeChat said. */
function expectRefusal(outcome: Outcome<unknown, string>, status: string, reason?: Failure): void {
  const [zh, en] = ADVICE[status] ?? [];
  const code = status.toUpperCase().replace('-', '_');
  expect(outcome).toMatchObject({ status, error: { name: 'AuthError', code, advice: { zh, en } } });
  if (reason) expect(outcome).toMatchObject({ error: { reason } });
}

const of = (errMsg: string, errno?: number): Failure => ({
  errMsg,
  ...(errno === undefined ? {} : { errno }),
});

describe('a scope', () => {
  test('that was never asked for is asked for once, for two callers', async () => {
    const outcomes = await Promise.all([stage.auth.ensureScope(SCOPE), stage.auth.ensureScope(SCOPE)]);
    expect(outcomes).toEqual([{ status: 'granted' }, { status: 'granted' }]);
    expect(await stage.auth.ensureScope(SCOPE)).toEqual({ status: 'granted' });
    expect(stage.phone.consent.prompts).toBe(1);
    expect(stage.phone.callsOf('authorize')).toBe(1);
  });

  test('that is refused is not asked for again, also after a restart', async () => {
    stage.phone.consent.answer = 'deny';
    expectRefusal(await stage.auth.ensureScope(SCOPE), 'refused');
    expectRefusal(await stage.auth.ensureScope(SCOPE), 'refused-before');
    expectRefusal(await stage.restart().ensureScope(SCOPE), 'refused-before');
    expect(stage.phone.consent.prompts).toBe(1);
    expect(stage.phone.callsOf('authorize')).toBe(1);
  });

  test('is only looked at with ask: false', async () => {
    const look = () => stage.auth.ensureScope(SCOPE, { ask: false });
    expectRefusal(await look(), 'never-asked');
    stage.phone.consent.scopes.set(SCOPE, false);
    expectRefusal(await look(), 'refused-before');
    stage.phone.consent.scopes.set(SCOPE, true);
    expect(await look()).toEqual({ status: 'granted' });
    expect(stage.phone.called).toEqual(['getSetting', 'getSetting', 'getSetting']);
  });

  test.each([
    ['refused', of('authorize:fail auth deny', 103)],
    ['refused', of('authorize:fail:auth deny')],
    ['refused', of('authorize:fail auth denied')],
    ['refused', of('authorize:fail: auth canceled')],
    ['refused', of('authorize:fail', 103)],
    ['privacy-refused', of('authorize:fail privacy permission is not authorized', 104)],
    ['privacy-refused', of('authorize:fail privacy permission is not authorized')],
    ['privacy-refused', of('authorize:fail', 104)],
    ['not-declared', of('authorize:fail api scope is not declared in the privacy agreement', 112)],
    ['not-declared', of('authorize:fail', 112)],
    ['not-declared', of('authorize:fail', 1026)],
    [
      'not-declared',
      of('authorize:fail the api need to be declared in the requiredPrivateInfos field in app.json/ext.json'),
    ],
    ['not-declared', of('authorize:fail require permission desc')],
    ['unavailable', of('authorize:fail system permission denied')],
    ['unavailable', of('authorize:fail invalid scope')],
  ])('is %s where WeChat says %j', async (status, failure) => {
    stage.phone.faults.plan('authorize', { kind: 'fails', ...failure });
    expectRefusal(await stage.auth.ensureScope(SCOPE), status, failure);
    expect(stage.phone.callsOf('authorize')).toBe(1);
  });

  test.each(['getSetting', 'authorize'])('is unavailable on a platform without %s', async (name) => {
    const auth = stage.restart({}, { ...stage.phone.wx, [name]: undefined });
    expectRefusal(await auth.ensureScope(SCOPE), 'unavailable');
  });

  test('is granted where the person turns it on in the settings, and refused before where not', async () => {
    stage.phone.consent.scopes.set(SCOPE, false);
    stage.phone.consent.answer = 'deny';
    const open = () => stage.phone.tap(() => stage.auth.openSettings(SCOPE));
    expectRefusal(await open(), 'refused-before');
    stage.phone.consent.answer = 'allow';
    expect(await open()).toEqual({ status: 'granted' });
    expect(await stage.auth.ensureScope(SCOPE)).toEqual({ status: 'granted' });
    expect(stage.phone.consent.prompts).toBe(0);
  });

  test('needs a tap for the settings', async () => {
    stage.phone.consent.scopes.set(SCOPE, false);
    expectRefusal(await stage.auth.openSettings(SCOPE), 'tap-required');
  });
});

describe('a phone number', () => {
  test.each([
    ['refused', of('getPhoneNumber:fail user deny')],
    ['refused', of('getPhoneNumber:fail:user deny')],
    ['refused', of('getPhoneNumber:fail : user deny')],
    ['refused', of('getPhoneNumber:fail', 103)],
    ['no-permission', of('getPhoneNumber:fail no permission')],
    ['no-permission', of('getPhoneNumber:fail no permission', 102)],
    ['no-permission', of('getRealtimePhoneNumber:fail no permission')],
    ['no-quota', of('getPhoneNumber:fail', 1400001)],
    ['no-quota', of('getPhoneNumber:fail 1400001')],
    ['privacy-refused', of('getPhoneNumber:fail privacy permission is not authorized', 104)],
    ['not-declared', of('getPhoneNumber:fail api scope is not declared in the privacy agreement', 112)],
    ['unavailable', of('getPhoneNumber:fail')],
  ])('is %s where the button says %j, and nothing is sent', async (status, detail) => {
    expectRefusal(await stage.auth.phoneNumber({ detail }), status, detail);
    expect(stage.phone.network.sent).toEqual([]);
    expect(stage.phone.called).toEqual([]);
  });

  test('is refused with a readable message where the button says no more than a number', async () => {
    const outcome = await stage.auth.phoneNumber({ detail: { errno: 104 } });
    expectRefusal(outcome, 'privacy-refused');
    expect(outcome).toMatchObject({ error: { message: 'PRIVACY_REFUSED' } });
  });

  test('is taken by the code of the button', async () => {
    const outcome = await stage.auth.phoneNumber(await stage.phone.phoneEvent());
    expect(outcome).toMatchObject({ status: 'granted', phoneNumber: expect.stringMatching(/^\+86\d{11}$/) });
    expect(stage.auth.user).toMatchObject({ phoneNumber: (outcome as { phoneNumber: string }).phoneNumber });
  });

  test('is taken from the encrypted data of an old base library', async () => {
    await stage.auth.login();
    const about = { person: stage.person.id, kind: 'phone' };
    const detail = await stage.world.control<object>('open-data', about);
    expect(await stage.auth.phoneNumber({ detail })).toMatchObject({
      status: 'granted',
      phoneNumber: expect.stringMatching(/^\+86\d{11}$/),
    });
  });

  test('is not asked for again by a code that was used', async () => {
    const event = await stage.phone.phoneEvent();
    await stage.auth.phoneNumber(event);
    const again = stage.auth.phoneNumber(event);
    await expect(again).rejects.toMatchObject({ code: expect.stringMatching(/_CODE_/), retryable: false });
    expect(stage.phone.network.callsOf('POST /v1/mini-program/phone-number')).toBe(2);
    expect(stage.logins()).toEqual({ wx: 1, login: 1, refresh: 0 });
  });
});

describe('a picture', () => {
  test.each([
    ['refused', of('chooseAvatar:fail cancel')],
    ['busy', of('chooseAvatar:fail another chooseAvatar is in progress')],
    ['unavailable', of('chooseAvatar:fail timeout')],
    ['privacy-refused', of('chooseAvatar:fail privacy permission is not authorized', 104)],
    ['not-declared', of('chooseAvatar:fail api scope is not declared in the privacy agreement', 112)],
  ])('is %s where the button says %j', async (status, detail) => {
    expectRefusal(await stage.auth.avatar({ detail }), status, detail);
    expect(stage.phone.network.sent).toEqual([]);
  });

  test('is uploaded', async () => {
    const avatarUrl = `${stage.world.sandbox.url}/mmopen/vi_32/xiaoming-1/0`;
    const outcome = await stage.auth.avatar({ detail: { avatarUrl } });
    const user = { avatarUrl: expect.stringContaining('/avatars/') };
    expect(outcome).toMatchObject({ status: 'granted', user });
    expect(await stage.auth.getUser()).toMatchObject(user);
  });
});

describe('a nickname', () => {
  const give = (detail: object) => stage.auth.nickname({ detail });

  test.each([
    ['a form', { value: { nickname: ' 小明 ' } }],
    ['an input', { value: '小明' }],
  ])('is taken from %s', async (_, detail) => {
    expect(await give(detail)).toMatchObject({ status: 'granted', user: { nickname: '小明' } });
    expect(stage.auth.user).toMatchObject({ nickname: '小明' });
  });

  test.each([{ value: { nickname: '' } }, { value: '  ' }, { value: {} }, {}])(
    'is empty in %j',
    async (detail) => {
      expectRefusal(await give(detail), 'empty');
      expect(stage.phone.network.sent).toEqual([]);
    },
  );

  test("that WeChat's check clears is rejected, until another one is typed", async () => {
    expectRefusal(await give({ pass: false, timeout: false }), 'rejected');
    expectRefusal(await give({ value: { nickname: '' } }), 'rejected');
    expect(stage.phone.network.sent).toEqual([]);
    expect(await give({ value: { nickname: '小红' } })).toMatchObject({ status: 'granted' });
    expectRefusal(await give({ value: { nickname: '' } }), 'empty');
  });

  test('that WeChat has passed comes by another event: it is not empty, and nothing is sent yet', async () => {
    expect(await give({ pass: true, timeout: false })).toEqual({ status: 'granted' });
    expect(stage.phone.network.sent).toEqual([]);
    expect(await give({ value: { nickname: '小明' } })).toMatchObject({ user: { nickname: '小明' } });
  });

  test('that the service refuses rejects with its error', async () => {
    const body = { code: 'CONTENT_RISKY', status: 422, requestId: 'r' };
    stage.phone.faults.plan(`POST ${ME}`, { kind: 'answer', status: 422, body });
    await expect(give({ value: '小明' })).rejects.toMatchObject({ code: 'CONTENT_RISKY', requestId: 'r' });
    expect(stage.phone.network.callsOf(`POST ${ME}`)).toBe(1);
  });
});

describe('agreement to the privacy guide', () => {
  test('is asked for where it is missing, once for two callers', async () => {
    stage.phone.consent.needsPrivacy = true;
    const outcomes = await Promise.all([stage.auth.ensurePrivacy(), stage.auth.ensurePrivacy()]);
    expect(outcomes).toEqual([{ status: 'granted' }, { status: 'granted' }]);
    expect(await stage.auth.ensurePrivacy()).toEqual({ status: 'granted' });
    expect(stage.phone.consent.prompts).toBe(1);
    expect(stage.phone.callsOf('requirePrivacyAuthorize')).toBe(1);
  });

  test('is not asked for where it is there', async () => {
    expect(await stage.auth.ensurePrivacy()).toEqual({ status: 'granted' });
    expect(stage.phone.called).toEqual(['getPrivacySetting']);
  });

  test('is refused by the person, once', async () => {
    Object.assign(stage.phone.consent, { needsPrivacy: true, answer: 'deny' });
    expectRefusal(await stage.auth.ensurePrivacy(), 'refused');
    expect(stage.phone.consent.prompts).toBe(1);
  });

  test.each([
    ['refused', of('requirePrivacyAuthorize:fail', 103)],
    ['banned', of('requirePrivacyAuthorize:fail appid privacy api banned')],
    [
      'not-declared',
      of('requirePrivacyAuthorize:fail api scope is not declared in the privacy agreement', 112),
    ],
    ['unavailable', of('requirePrivacyAuthorize:fail internal error')],
  ])('is %s where WeChat says %j', async (status, failure) => {
    stage.phone.consent.needsPrivacy = true;
    stage.phone.faults.plan('requirePrivacyAuthorize', { kind: 'fails', ...failure });
    expectRefusal(await stage.auth.ensurePrivacy(), status, failure);
  });

  test('is not needed in base libraries before 2.32.3', async () => {
    const auth = stage.restart({}, { ...stage.phone.wx, getPrivacySetting: undefined });
    expect(await auth.ensurePrivacy()).toEqual({ status: 'granted' });
    expect(stage.phone.called).toEqual([]);
  });
});
