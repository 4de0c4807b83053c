import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import type { Reply } from '../harness/http.js';
import { type Person, World } from '../harness/world.js';

interface Pkce {
  readonly verifier: string;
  readonly challenge: string;
}

function pkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

function expectInvalid(reply: Reply<{ code: string }>): void {
  expect({ status: reply.status, code: reply.body.code }).toEqual({
    status: 401,
    code: 'LOGIN_CODE_INVALID',
  });
}

describe('a loginCode', () => {
  let world: World;
  let person: Person;
  beforeAll(async () => {
    world = await World.start();
    person = await world.person();
  });
  afterAll(() => world.stop());

  /** A browser that came back from WeChat. */
  async function landed(
    query: Readonly<Record<string, string>> = {},
  ): Promise<{ browser: Browser; loginCode: string }> {
    const browser = new Browser();
    const location = await world.websiteCallback(browser, person, query);
    return { browser, loginCode: location.searchParams.get('loginCode') ?? '' };
  }

  test('works once', async () => {
    const { browser, loginCode } = await landed();
    expect((await world.redeem(browser, loginCode)).status).toBe(200);
    expectInvalid(await world.redeem(browser, loginCode));
  });

  test('redeemed twenty times at once opens one session', async () => {
    const { browser, loginCode } = await landed();
    const sessions = await world.count('sessions');
    const replies = await Promise.all(Array.from({ length: 20 }, () => world.redeem(browser, loginCode)));
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    replies.filter((reply) => reply.status !== 200).forEach(expectInvalid);
    expect(await world.count('sessions')).toBe(sessions + 1);
  });

  test('lives 60 seconds', async () => {
    const [early, late] = [await landed(), await landed()];
    await world.pass(55);
    expect((await world.redeem(early.browser, early.loginCode)).status).toBe(200);
    await world.pass(6);
    expectInvalid(await world.redeem(late.browser, late.loginCode));
  });

  test('is worthless without the cookie, in another browser, and with a verifier instead', async () => {
    const { browser, loginCode } = await landed();
    const stranger = (await landed()).browser;
    expectInvalid(await world.redeem(new Browser(), loginCode));
    expectInvalid(await world.redeem(stranger, loginCode));
    expectInvalid(await world.redeem(new Browser(), loginCode, { codeVerifier: pkce().verifier }));
    expect((await world.redeem(browser, loginCode)).status).toBe(200);
  });

  test('of a login with a codeChallenge needs the verifier and no cookie', async () => {
    const { verifier, challenge } = pkce();
    const { loginCode } = await landed({ codeChallenge: challenge });
    const reply = await world.redeem(new Browser(), loginCode, { codeVerifier: verifier });
    expect(reply.status).toBe(200);
    expectInvalid(await world.redeem(new Browser(), loginCode, { codeVerifier: verifier }));
  });

  test('of a login with a codeChallenge is not burnt by a wrong verifier, or by none', async () => {
    const { verifier, challenge } = pkce();
    const { browser, loginCode } = await landed({ codeChallenge: challenge });
    expectInvalid(await world.redeem(browser, loginCode));
    expectInvalid(await world.redeem(browser, loginCode, { codeVerifier: pkce().verifier }));
    expectInvalid(await world.redeem(browser, loginCode, { codeVerifier: challenge }));
    expect((await world.redeem(browser, loginCode, { codeVerifier: verifier })).status).toBe(200);
  });

  test('of a login with a codeChallenge comes back in any browser', async () => {
    const { verifier, challenge } = pkce();
    const callback = await world.scanAndAllow(
      await world.authorize(new Browser(), { codeChallenge: challenge }),
      person,
    );
    const location = new URL((await new Browser().visit(callback.href)).headers.get('location') ?? '');
    const loginCode = location.searchParams.get('loginCode');
    expect((await world.redeem(new Browser(), loginCode, { codeVerifier: verifier })).status).toBe(200);
  });

  test.each([
    ['', 401, 'LOGIN_CODE_INVALID'],
    ['f'.repeat(64), 401, 'LOGIN_CODE_INVALID'],
    ['f'.repeat(129), 400, 'VALIDATION_FAILED'],
    [7, 400, 'VALIDATION_FAILED'],
    [['f'], 400, 'VALIDATION_FAILED'],
    [null, 400, 'VALIDATION_FAILED'],
    [undefined, 400, 'VALIDATION_FAILED'],
  ])('that nobody issued (%p) is refused', async (loginCode, status, code) => {
    const reply = await new Browser().visit(`${world.url}/v1/web-qr-login/token`, { json: { loginCode } });
    expect(reply.status).toBe(status);
    expect(reply.body.code).toBe(code);
  });

  test('says that a user is new only to the login that made them', async () => {
    person = await world.person();
    const [first, second] = [await landed(), await landed()];
    const replies = [
      await world.redeem(first.browser, first.loginCode),
      await world.redeem(second.browser, second.loginCode),
    ];
    expect(replies.map((reply) => reply.body.isNewUser)).toEqual([true, false]);
  });

  test('opens no session for an account that was disabled meanwhile', async () => {
    const { browser, loginCode } = await landed();
    await world.backend.write(`UPDATE users SET status = 'disabled'`);
    const sessions = await world.count('sessions');
    const reply = await world.redeem(browser, loginCode);
    expect({ status: reply.status, code: reply.body.code }).toEqual({
      status: 403,
      code: 'ACCOUNT_DISABLED',
    });
    expect(await world.count('sessions')).toBe(sessions);
    expect(
      await world.count("events WHERE type = 'login.refused' AND details LIKE '%ACCOUNT_DISABLED%'"),
    ).toBe(1);
  });
});
