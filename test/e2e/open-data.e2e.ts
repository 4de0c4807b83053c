import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, type Reply } from '../harness/http.js';
import { MINI_PROGRAM, type Person, type Problem, type TokenReply, World } from '../harness/world.js';

interface Encrypted {
  readonly rawData: string;
  readonly signature: string;
  readonly encryptedData: string;
  readonly iv: string;
}

interface User {
  readonly id: string;
  readonly nickname: string | null;
  readonly phoneNumber: string | null;
}

interface Answer extends Problem {
  readonly user: User;
  readonly data: Record<string, unknown>;
  readonly valid: boolean;
  readonly phoneNumber: string;
  readonly purePhoneNumber: string;
  readonly countryCode: string;
}

describe('what a mini program encrypts', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
    await world.control('settings', { sessionKeyMinIntervalSeconds: 0 });
  });
  afterAll(() => world.stop());

  const encrypt = (person: Person, options: object = {}) =>
    world.control<Encrypted>('open-data', {
      person: person.id,
      appId: MINI_PROGRAM,
      kind: 'userInfo',
      ...options,
    });

  const send = (method: string, path: string, token: string, json: unknown = {}): Promise<Reply<Answer>> =>
    call<Answer>(`${world.url}/v1/mini-program/${path}`, { method, token, json });

  const loggedIn = async (
    traits: object = {},
  ): Promise<{ person: Person; token: string; tokens: TokenReply }> => {
    const person = await world.person({ ...traits });
    const tokens = await world.miniProgramLogin(person);
    return { person, tokens, token: tokens.accessToken };
  };

  test('a profile that WeChat signed and encrypted is stored', async () => {
    const { person, token } = await loggedIn({ nickname: '阿强 🚀' });
    const reply = await send('PUT', 'profile', token, await encrypt(person));
    expect(reply.status).toBe(200);
    expect(reply.body.user.nickname).toBe('阿强 🚀');
  });

  test('"微信用户" does not overwrite a real name', async () => {
    const { person, token } = await loggedIn({ nickname: '真名' });
    await send('PUT', 'profile', token, await encrypt(person));
    await world.control(`people/${person.id}`, { nickname: '微信用户' }, 'PATCH');
    const reply = await send('PUT', 'profile', token, await encrypt(person));
    expect(reply.status).toBe(200);
    expect(reply.body.user.nickname).toBe('真名');
  });

  test.each<[string, (base64: string) => string]>([
    ['url-encoded once more', encodeURIComponent],
    ['with spaces for +', (base64) => base64.replaceAll('+', ' ')],
    ['in lines', (base64) => base64.replace(/.{20}/g, '$&\r\n')],
    ['as base64url', (base64) => base64.replaceAll('+', '-').replaceAll('/', '_')],
    ['without padding', (base64) => base64.replace(/=+$/, '')],
    ['as base64url without padding', (base64) => Buffer.from(base64, 'base64').toString('base64url')],
  ])('data %s is taken', async (_form, sentAs) => {
    const { person, token } = await loggedIn();
    // Long enough to hold each character of the alphabet.
    const good = await encrypt(person, { kind: 'custom', data: { filler: 'x'.repeat(2_000) } });
    const reply = await send('POST', 'open-data', token, {
      encryptedData: sentAs(good.encryptedData),
      iv: sentAs(good.iv),
    });
    expect([reply.status, reply.body.data.filler]).toEqual([200, 'x'.repeat(2_000)]);
  });

  test.each([[null], ['']])('an openId that is %j is absent', async (openId) => {
    const { person, token } = await loggedIn();
    const good = await encrypt(person, { kind: 'custom', data: { openId, step: 1 } });
    expect((await send('POST', 'open-data', token, good)).status).toBe(200);
  });

  test('an empty code beside data is absent, and empty data beside a code', async () => {
    const { person, token } = await loggedIn();
    const data = await encrypt(person, { kind: 'phone' });
    const reply = await send('POST', 'phone-number', token, { ...data, code: '' });
    expect([reply.status, reply.body.countryCode]).toEqual([200, '86']);
    const { code } = await world.control<{ code: string }>('phone-code', { person: person.id });
    const byCode = await send('POST', 'phone-number', token, { code, encryptedData: '', iv: '' });
    expect(byCode.status).toBe(200);
    expect((await send('POST', 'phone-number', token, { code: '' })).status).toBe(400);
  });

  test('no reply holds a line end that scripts take for one', async () => {
    const { person, token } = await loggedIn();
    const text = 'a\u2028b\u2029c';
    const reply = await send(
      'POST',
      'open-data',
      token,
      await encrypt(person, { kind: 'custom', data: { text } }),
    );
    expect(reply.text).not.toMatch(/[\u2028\u2029]/);
    expect(reply.body.data.text).toBe(text);
  });

  test('a wrong signature is told apart only where the data decrypts', async () => {
    const { person, token } = await loggedIn();
    const good = await encrypt(person);
    const wrongSignature = { ...good, signature: '0'.repeat(40) };
    expect((await send('PUT', 'profile', token, wrongSignature)).body.code).toBe('SIGNATURE_MISMATCH');
    expect((await send('PUT', 'profile', token, { ...good, rawData: `${good.rawData} ` })).body.code).toBe(
      'SIGNATURE_MISMATCH',
    );
    const damaged = flip(good.encryptedData, 40);
    expect(
      (await send('PUT', 'profile', token, { ...wrongSignature, encryptedData: damaged })).body.code,
    ).toBe('SESSION_KEY_STALE');
  });

  test('every way in which no key fits looks the same from outside', async () => {
    const { person, token } = await loggedIn();
    const { person: stranger } = await loggedIn();
    const good = await encrypt(person);
    const foreign = await encrypt(stranger);
    const attempts = [
      { ...good, encryptedData: flip(good.encryptedData, 3) },
      { ...good, encryptedData: flip(good.encryptedData, -1) },
      { ...good, encryptedData: good.encryptedData.slice(0, -24) },
      { ...good, iv: flip(good.iv, 0) },
      { ...good, iv: Buffer.alloc(16).toString('base64') },
      foreign,
    ];
    const replies = await Promise.all(attempts.map((attempt) => send('POST', 'open-data', token, attempt)));
    const seen = replies.map(({ status, body }) => ({ status, code: body.code, detail: body.detail }));
    expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(seen[0]).toMatchObject({ code: 'SESSION_KEY_STALE', status: 409 });
  });

  test('data that is nested without end looks like data that no key fits', async () => {
    const { person, token } = await loggedIn();
    const now = Math.floor(world.clock.now() / 1000);
    const deep = '['.repeat(20_000) + ']'.repeat(20_000);
    const data = `{"deep":${deep},"watermark":{"appid":"${MINI_PROGRAM}","timestamp":${now}}}`;
    const sent = await encrypt(person, { kind: 'custom', data });
    for (const path of ['open-data', 'phone-number']) {
      const { encryptedData, iv } = sent;
      const reply = await send('POST', path, token, { encryptedData, iv });
      expect(reply.body).toMatchObject({ status: 409, code: 'SESSION_KEY_STALE' });
    }
  });

  test('the key before the current one is good for five minutes', async () => {
    const { person, token } = await loggedIn();
    const before = await encrypt(person, { kind: 'custom', data: { steps: 1 } });
    await world.miniProgramLogin(person);
    expect((await send('POST', 'open-data', token, before)).body.data.steps).toBe(1);
    world.clock.advance(301);
    const after = await encrypt(person, { kind: 'custom', data: { steps: 2 } });
    expect((await send('POST', 'open-data', token, after)).body.data.steps).toBe(2);
    expect((await send('POST', 'open-data', token, before)).body.code).toBe('SESSION_KEY_STALE');
  });

  test('a watermark of another app, too old or from the future has its own code', async () => {
    const { person, token } = await loggedIn();
    const now = Math.floor(world.clock.now() / 1000);
    for (const options of [
      { watermarkAppId: 'wx0000000000000000' },
      { timestamp: now - 11 * 60 },
      { timestamp: now + 5 * 60 },
    ]) {
      const reply = await send('POST', 'open-data', token, await encrypt(person, options));
      expect(reply.body.code).toBe('OPEN_DATA_WATERMARK_INVALID');
    }
    const recent = await encrypt(person, { timestamp: now - 9 * 60 });
    expect((await send('POST', 'open-data', token, recent)).status).toBe(200);
  });

  test("somebody else's openId in the data is refused", async () => {
    const { person, token } = await loggedIn();
    const foreign = await encrypt(person, { openId: 'oSomebodyElse000000000000000' });
    expect((await send('POST', 'open-data', token, foreign)).body.code).toBe('OPEN_DATA_FOREIGN');
  });

  test('base64 with spaces for + is accepted', async () => {
    const { person, token } = await loggedIn();
    for (;;) {
      const data = await encrypt(person);
      if (!data.encryptedData.includes('+')) continue;
      const spaced = { ...data, encryptedData: data.encryptedData.replaceAll('+', ' ') };
      expect((await send('PUT', 'profile', token, spaced)).status).toBe(200);
      break;
    }
  });

  test('a phone number by code is stored in E.164 and shown to its owner', async () => {
    const { person, token } = await loggedIn();
    const { code } = await world.control<{ code: string }>('phone-code', {
      person: person.id,
      appId: MINI_PROGRAM,
      phoneNumber: '13812345678',
    });
    const reply = await send('POST', 'phone-number', token, { code });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ purePhoneNumber: '13812345678', countryCode: '86' });
    expect(reply.body.user.phoneNumber).toBe('+8613812345678');
    expect((await send('POST', 'phone-number', token, { code })).body.code).toBe('WECHAT_CODE_USED');
    expect(world.service().log()).not.toContain('13812345678');
  });

  test("somebody else's phone code is refused by WeChat, a wx.login code too", async () => {
    const { person, token } = await loggedIn();
    const { person: stranger } = await loggedIn();
    const { code } = await world.control<{ code: string }>('phone-code', {
      person: stranger.id,
      appId: MINI_PROGRAM,
    });
    expect((await send('POST', 'phone-number', token, { code })).body.code).toBe('WECHAT_CODE_INVALID');
    const loginCode = await world.wxLogin(person);
    expect((await send('POST', 'phone-number', token, { code: loginCode })).body.code).toBe(
      'WECHAT_CODE_INVALID',
    );
  });

  test('a phone number that another user holds is never taken over, by code or encrypted, also at once', async () => {
    const people = await Promise.all([loggedIn(), loggedIn()]);
    const replies = await Promise.all(
      people.map(async ({ person, token }) => {
        const phone = await encrypt(person, {
          kind: 'phone',
          data: { phoneNumber: '13711112222', purePhoneNumber: '13711112222', countryCode: '86' },
        });
        return send('POST', 'phone-number', token, { encryptedData: phone.encryptedData, iv: phone.iv });
      }),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(replies.find(({ status }) => status === 409)?.body.code).toBe('PHONE_NUMBER_TAKEN');
    expect(world.service().log()).not.toContain('13711112222');
  });

  test('the session_key can be checked and replaced without ever being shown', async () => {
    const { person, token } = await loggedIn();
    expect((await send('POST', 'session-key/check', token)).body.valid).toBe(true);
    const before = await encrypt(person, { kind: 'custom', data: { n: 1 } });
    expect((await send('POST', 'session-key/reset', token)).status).toBe(204);
    expect((await send('POST', 'session-key/check', token)).body.valid).toBe(true);
    const after = await encrypt(person, { kind: 'custom', data: { n: 2 } });
    expect((await send('POST', 'open-data', token, after)).body.data.n).toBe(2);
    expect((await send('POST', 'open-data', token, before)).body.data.n).toBe(1);
    await world.wxLogin(person);
    expect((await send('POST', 'session-key/check', token)).body.valid).toBe(false);
    expect((await send('POST', 'session-key/reset', token)).body.code).toBe('SESSION_KEY_STALE');
  });

  test.each([
    ['beyond ASCII', '微'.repeat(120)],
    ['emoji', '🌱'.repeat(120)],
    ['spaces', ' '.repeat(100)],
    ['too long', 'x'.repeat(129)],
    ['empty', ''],
  ])('a new session_key that cannot be one is not stored: %s', async (_what, session_key) => {
    const { person, token, tokens } = await loggedIn();
    const before = await encrypt(person, { kind: 'custom', data: { n: 1 } });
    const body = JSON.stringify({ errcode: 0, openid: tokens.identity.openId, session_key });
    await world.fault('/wxa/resetusersessionkey', { body });
    const reply = await send('POST', 'session-key/reset', token);
    expect(reply.body).toMatchObject({ status: 502, code: 'WECHAT_BAD_REPLY' });
    world.clock.advance(301);
    const after = await encrypt(person, { kind: 'custom', data: { n: 2 } });
    expect((await send('POST', 'open-data', token, after)).body.data.n).toBe(2);
    expect((await send('POST', 'open-data', token, before)).body.data.n).toBe(1);
  });

  test.each(['login', 'reset'])(
    'of two session_keys that of the later call to WeChat counts, also where an earlier %s was slow',
    async (how) => {
      const { person, token, tokens } = await loggedIn();
      // WeChat answers the earlier call with a key that the later call has replaced.
      const earlier = { openid: tokens.identity.openId, session_key: Buffer.alloc(16, 1).toString('base64') };
      const endpoint = how === 'login' ? '/sns/jscode2session' : '/wxa/resetusersessionkey';
      await world.fault(endpoint, { body: JSON.stringify({ errcode: 0, ...earlier }), delayMs: 800 });
      const before = await world.callsOf(endpoint);
      const slow =
        how === 'login'
          ? world.loginWith(await world.wxLogin(person))
          : send('POST', 'session-key/reset', token);
      while ((await world.callsOf(endpoint)) === before);
      world.clock.advance(1);
      await world.miniProgramLogin(person);
      expect((await slow).status).toBeLessThan(300);
      // Until then the previous key would be accepted too.
      world.clock.advance(301);
      const opened = await send(
        'POST',
        'open-data',
        token,
        await encrypt(person, { kind: 'custom', data: { n: 3 } }),
      );
      expect(opened.body.data).toMatchObject({ n: 3 });
    },
  );

  test('a website session has no session_key to use', async () => {
    const person = await world.person();
    const { accessToken } = await world.websiteLogin(person);
    expect((await send('POST', 'session-key/check', accessToken)).body.code).toBe(
      'MINI_PROGRAM_SESSION_REQUIRED',
    );
  });

  test('a body that lacks what it needs is refused before anything is decrypted', async () => {
    const { token } = await loggedIn();
    for (const body of [
      {},
      { encryptedData: 'x', iv: 'y' },
      { encryptedData: 5, iv: null },
      { code: '' },
      { code: [] },
    ]) {
      const reply = await send('POST', 'phone-number', token, body);
      expect(reply.body.code).toBe('VALIDATION_FAILED');
    }
  });
});

/** One bit of base64-encoded bytes changed. @param at index of the byte, from the end where negative */
function flip(base64: string, at: number): string {
  const bytes = Buffer.from(base64, 'base64');
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return bytes.toString('base64');
}
