import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { pkce } from '../harness/pkce.js';
import { MINI_PROGRAM, type Person, type Problem, SHOP, WEBSITE, World } from '../harness/world.js';

interface Identity extends Problem {
  readonly id: string;
  readonly appId: string;
  readonly openId: string;
}

describe('linking and unlinking WeChat accounts', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const identities = async (token: string) =>
    (await call<{ items: Identity[] }>(`${world.url}/v1/users/me/identities`, { token })).body.items;
  const linkMiniProgram = (token: string, code: string, proof: unknown) =>
    call<Identity>(`${world.url}/v1/users/me/identities/mini-program`, { token, json: { code, proof } });
  const unlink = (token: string, id: string) =>
    call<Problem>(`${world.url}/v1/users/me/identities/${id}`, { token, method: 'DELETE' });
  const linkWebsite = async (
    browser: Browser,
    token: string,
    owner: Person,
    extra: object = {},
  ): Promise<URL> => {
    const reply = await browser.visit<{ authorizeUrl: string }>(
      `${world.url}/v1/users/me/identities/website`,
      {
        token,
        json: { returnTo: `${SHOP}/account`, proof: await world.miniProgramProof(owner), ...extra },
      },
    );
    expect(reply.status).toBe(201);
    return new URL(reply.body.authorizeUrl);
  };

  test('a website user adds a mini program by code, twice is no error', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken, user } = await world.websiteLogin(person);
    const link = async () =>
      linkMiniProgram(accessToken, await world.wxLogin(person), await world.websiteProof(person));
    const linked = await link();
    expect(linked.status).toBe(201);
    expect((await link()).body.id).toBe(linked.body.id);
    expect((await identities(accessToken)).map(({ appId }) => appId)).toEqual([WEBSITE, MINI_PROGRAM]);
    expect((await world.miniProgramLogin(person)).user.id).toBe(user.id);
  });

  test('a mini-program user adds a website in this browser', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken, user } = await world.miniProgramLogin(person);
    const browser = new Browser();
    const callback = await world.scanAndAllow(await linkWebsite(browser, accessToken, person), person);
    const location = locationOf(await browser.visit(callback.href));
    expect(location.searchParams.get('loginCode')).toBeNull();
    const [, website] = await identities(accessToken);
    expect(location.searchParams.get('linked')).toBe(website?.id);
    expect((await world.websiteLogin(person)).user.id).toBe(user.id);
  });

  test('a link cannot be finished in another browser', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken } = await world.miniProgramLogin(person);
    const callback = await world.scanAndAllow(await linkWebsite(new Browser(), accessToken, person), person);
    const location = locationOf(await new Browser().visit(callback.href));
    expect(location.searchParams.get('error')).toBe('STATE_INVALID');
    expect(await identities(accessToken)).toHaveLength(1);
  });

  test('bound to a verifier, the link is made when it is redeemed with the verifier and not before', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken } = await world.miniProgramLogin(person);
    const { verifier: codeVerifier, challenge: codeChallenge } = pkce();
    const qrPage = await linkWebsite(new Browser(), accessToken, person, { codeChallenge });
    const callback = await world.scanAndAllow(qrPage, person);
    const anywhere = new Browser();
    const loginCode = locationOf(await anywhere.visit(callback.href)).searchParams.get('loginCode');
    expect(await identities(accessToken)).toHaveLength(1);
    expect((await world.redeem(anywhere, loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    const redeemed = await world.redeem(anywhere, loginCode, { codeVerifier });
    expect([redeemed.status, redeemed.body.isNewUser]).toEqual([200, false]);
    expect(await identities(accessToken)).toHaveLength(2);
  });

  test('a link whose session has ended links nothing', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken, refreshToken } = await world.miniProgramLogin(person);
    const browser = new Browser();
    const callback = await world.scanAndAllow(await linkWebsite(browser, accessToken, person), person);
    await call(`${world.url}/v1/auth/logout`, { json: { refreshToken } });
    const location = locationOf(await browser.visit(callback.href));
    expect(location.searchParams.get('error')).toBe('SESSION_ENDED');
    expect((await world.websiteLogin(person)).isNewUser).toBe(true);
  });

  test("somebody else's WeChat account is refused, at both doors", async () => {
    const owner = await world.person();
    await world.miniProgramLogin(owner);
    const thief = await world.person({ withUnionId: false });
    const { accessToken } = await world.miniProgramLogin(thief);
    expect(
      (await linkMiniProgram(accessToken, await world.wxLogin(owner), await world.miniProgramProof(thief)))
        .body,
    ).toMatchObject({
      status: 409,
      code: 'IDENTITY_TAKEN',
    });
    const browser = new Browser();
    const callback = await world.scanAndAllow(await linkWebsite(browser, accessToken, thief), owner);
    const location = locationOf(await browser.visit(callback.href));
    expect(location.searchParams.get('error')).toBe('IDENTITY_TAKEN');
    expect(await identities(accessToken)).toHaveLength(1);
  });

  test('two users who link one WeChat account at once: one gets it', async () => {
    const account = await world.person();
    const users = await Promise.all(
      [1, 2].map(async () => {
        const person = await world.person({ withUnionId: false });
        return { person, ...(await world.miniProgramLogin(person)) };
      }),
    );
    const replies = await Promise.all(
      users.map(async ({ accessToken, person }) =>
        linkMiniProgram(accessToken, await world.wxLogin(account), await world.miniProgramProof(person)),
      ),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test('unlinking takes the whole WeChat account, its sessions too; a later login of it is a new user', async () => {
    const main = await world.person();
    const other = await world.person();
    const { accessToken, user } = await world.miniProgramLogin(main);
    await linkMiniProgram(accessToken, await world.wxLogin(other), await world.miniProgramProof(main));
    const session = await world.websiteLogin(other);
    expect(session.user.id).toBe(user.id);
    const chosen = (await identities(accessToken)).find(({ openId }) => openId === other.openIds[WEBSITE]);
    expect((await unlink(accessToken, chosen?.id ?? '')).status).toBe(204);
    expect((await identities(accessToken)).map(({ openId }) => openId)).toEqual([main.openIds[MINI_PROGRAM]]);
    expect((await call(`${world.url}/v1/auth/verify`, { token: session.accessToken })).status).toBe(401);
    const later = await world.websiteLogin(other);
    expect(later.isNewUser).toBe(true);
    expect(later.user.id).not.toBe(user.id);
  });

  test('the last WeChat account stays, and so do those of others', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    const stranger = await world.miniProgramLogin(await world.person());
    const [mine] = await identities(accessToken);
    const [theirs] = await identities(stranger.accessToken);
    expect((await unlink(accessToken, mine?.id ?? '')).body.code).toBe('LAST_IDENTITY');
    expect((await unlink(accessToken, theirs?.id ?? '')).body.code).toBe('NOT_FOUND');
  });

  test('ten minutes after the login all of it needs a fresh one', async () => {
    const person = await world.person();
    const { accessToken } = await world.miniProgramLogin(person);
    const [identity] = await identities(accessToken);
    world.clock.advance(601);
    const replies = [
      await linkMiniProgram(accessToken, await world.wxLogin(person), undefined),
      await unlink(accessToken, identity?.id ?? ''),
      await call<Problem>(`${world.url}/v1/users/me/identities/website`, {
        token: accessToken,
        json: { returnTo: SHOP },
      }),
      await call<Problem>(`${world.url}/v1/users/me`, { token: accessToken, method: 'DELETE' }),
    ];
    for (const { body } of replies)
      expect(body).toMatchObject({ status: 403, code: 'REAUTHENTICATION_REQUIRED' });
  });

  describe('an access token alone, which may be stolen, adds no way in', () => {
    const EXCHANGE = '/sns/jscode2session';
    let victim: Person;
    let thief: Person;
    let token: string;
    beforeEach(async () => {
      [victim, thief] = [await world.person(), await world.person()];
      token = (await world.miniProgramLogin(victim)).accessToken;
    });

    const expectRefused = async (proof: unknown): Promise<void> => {
      const code = await world.wxLogin(thief);
      const byCode = await linkMiniProgram(token, code, proof);
      expect([byCode.status, byCode.body.code]).toEqual([403, 'OWNER_PROOF_REQUIRED']);
      const byWebsite = await call<Problem>(`${world.url}/v1/users/me/identities/website`, {
        token,
        json: { returnTo: SHOP, proof },
      });
      expect([byWebsite.status, byWebsite.body.code]).toEqual([403, 'OWNER_PROOF_REQUIRED']);
      const openIds = (await identities(token)).map(({ openId }) => openId);
      expect(openIds.filter((openId) => Object.values(thief.openIds).includes(openId))).toEqual([]);
      // The code of the account to link was not spent for it.
      expect((await world.loginWith(code)).status).toBe(200);
    };

    test.each<[string, () => unknown]>([
      ['no proof', () => undefined],
      ['null', () => null],
      ['an empty proof', () => ({})],
      ['a made-up code', () => ({ code: '0a1NoSuchCode' })],
      ['a made-up loginCode', () => ({ loginCode: 'a'.repeat(64) })],
      ["the thief's code", () => world.miniProgramProof(thief)],
      ["the thief's website login", () => world.websiteProof(thief)],
      [
        "the owner's website login without its verifier",
        async () => ({ loginCode: (await world.websiteProof(victim)).loginCode }),
      ],
      [
        "the owner's website login in another browser",
        async () => {
          const location = await world.websiteCallback(new Browser(), victim);
          return { loginCode: location.searchParams.get('loginCode') };
        },
      ],
      [
        'a code that has logged a user in',
        async () => {
          const code = await world.wxLogin(victim);
          await world.loginWith(code);
          return { code };
        },
      ],
      [
        'a loginCode that was redeemed',
        async () => {
          const proof = await world.websiteProof(victim);
          await world.redeem(new Browser(), proof.loginCode, { codeVerifier: proof.codeVerifier });
          return proof;
        },
      ],
    ])('with %s', async (_what, proofOf) => {
      await expectRefused(await proofOf());
    });

    test.each([
      ['a text', 'x'],
      ['a list', [{ code: 'x' }]],
      ['a code that is none', { code: 1 }],
      ['a code and a loginCode', { code: 'x', loginCode: 'y' }],
    ])('and %s is no proof at all', async (_what, proof) => {
      const reply = await linkMiniProgram(token, await world.wxLogin(thief), proof);
      expect([reply.status, reply.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    });

    test('a proof works once, and one that is refused leaves the loginCode to its owner', async () => {
      const link = async (proof: unknown) =>
        (await linkMiniProgram(token, await world.wxLogin(await world.person()), proof)).status;
      const byCode = await world.miniProgramProof(victim);
      expect([await link(byCode), await link(byCode)]).toEqual([201, 403]);
      const byLogin = await world.websiteProof(victim);
      const replies = await Promise.all(Array.from({ length: 5 }, () => link(byLogin)));
      expect(replies.sort()).toEqual([201, 403, 403, 403, 403]);
      const { loginCode, codeVerifier } = byLogin;
      expect((await world.redeem(new Browser(), loginCode, { codeVerifier })).status).toBe(401);
      const thiefs = await world.websiteProof(thief);
      await expectRefused(thiefs);
      const own = await world.redeem(new Browser(), thiefs.loginCode, { codeVerifier: thiefs.codeVerifier });
      expect(own.status).toBe(200);
    });

    test('a proof is not used up by a request that is wrong otherwise', async () => {
      const calls = await world.callsOf(EXCHANGE);
      const proof = await world.miniProgramProof(victim);
      const asked = { returnTo: 'https://evil.example.com/', proof };
      const wrong = [
        await linkMiniProgram(token, '', proof),
        await call<Problem>(`${world.url}/v1/users/me/identities/website`, { token, json: asked }),
        await call<Problem>(`${world.url}/v1/users/me/identities/website`, {
          token,
          json: { returnTo: SHOP, appId: 'wx00', proof },
        }),
      ];
      expect(wrong.map(({ body }) => body.code)).toEqual([
        'VALIDATION_FAILED',
        'RETURN_URL_FORBIDDEN',
        'APP_UNKNOWN',
      ]);
      expect(await world.callsOf(EXCHANGE)).toBe(calls);
      expect((await linkMiniProgram(token, await world.wxLogin(thief), proof)).status).toBe(201);
    });

    test('a proof that WeChat cannot judge is no refusal of the owner', async () => {
      const proof = await world.miniProgramProof(victim);
      await world.fault(EXCHANGE, { status: 502, body: '' });
      expect((await linkMiniProgram(token, 'x', proof)).body.code).toBe('WECHAT_UNAVAILABLE');
    });

    test('a refused one and each link are recorded for the account', async () => {
      // Of many in a minute not each has an event of its own.
      await world.pass(61);
      await linkMiniProgram(token, await world.wxLogin(thief), undefined);
      await linkMiniProgram(token, await world.wxLogin(thief), await world.miniProgramProof(victim));
      const rows = await world.backend.rows(
        `SELECT e.type, e.details FROM events e JOIN wechat_identities i ON i.user_id = e.user_id
         WHERE i.open_id = '${victim.openIds[MINI_PROGRAM] ?? ''}'
         AND e.type IN ('login.refused', 'identity.linked') ORDER BY e.id`,
      );
      expect(rows.map(({ type, details }) => [type, JSON.parse(String(details)) as unknown])).toEqual([
        ['login.refused', expect.objectContaining({ reason: 'OWNER_PROOF_REQUIRED', purpose: 'link' })],
        ['identity.linked', expect.objectContaining({ appId: MINI_PROGRAM, by: 'the user' })],
      ]);
    });
  });
});
