import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { MINI_PROGRAM, type Problem, SHOP, WEBSITE, World } from '../harness/world.js';

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
  const linkMiniProgram = (token: string, code: string) =>
    call<Identity>(`${world.url}/v1/users/me/identities/mini-program`, { token, json: { code } });
  const unlink = (token: string, id: string) =>
    call<Problem>(`${world.url}/v1/users/me/identities/${id}`, { token, method: 'DELETE' });
  const linkWebsite = async (browser: Browser, token: string, extra: object = {}): Promise<URL> => {
    const reply = await browser.visit<{ authorizeUrl: string }>(
      `${world.url}/v1/users/me/identities/website`,
      {
        token,
        json: { returnTo: `${SHOP}/account`, ...extra },
      },
    );
    expect(reply.status).toBe(201);
    return new URL(reply.body.authorizeUrl);
  };

  test('a website user adds a mini program by code, twice is no error', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken, user } = await world.websiteLogin(person);
    const linked = await linkMiniProgram(accessToken, await world.wxLogin(person));
    expect(linked.status).toBe(201);
    expect((await linkMiniProgram(accessToken, await world.wxLogin(person))).body.id).toBe(linked.body.id);
    expect((await identities(accessToken)).map(({ appId }) => appId)).toEqual([WEBSITE, MINI_PROGRAM]);
    expect((await world.miniProgramLogin(person)).user.id).toBe(user.id);
  });

  test('a mini-program user adds a website in this browser', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken, user } = await world.miniProgramLogin(person);
    const browser = new Browser();
    const callback = await world.scanAndAllow(await linkWebsite(browser, accessToken), person);
    const location = locationOf(await browser.visit(callback.href));
    expect(location.searchParams.get('loginCode')).toBeNull();
    const [, website] = await identities(accessToken);
    expect(location.searchParams.get('linked')).toBe(website?.id);
    expect((await world.websiteLogin(person)).user.id).toBe(user.id);
  });

  test('a link cannot be finished in another browser', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken } = await world.miniProgramLogin(person);
    const callback = await world.scanAndAllow(await linkWebsite(new Browser(), accessToken), person);
    const location = locationOf(await new Browser().visit(callback.href));
    expect(location.searchParams.get('error')).toBe('STATE_INVALID');
    expect(await identities(accessToken)).toHaveLength(1);
  });

  test('bound to a verifier, the link is made by who knows it and not before', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken } = await world.miniProgramLogin(person);
    const codeVerifier = randomBytes(32).toString('base64url');
    const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
    const qrPage = await linkWebsite(new Browser(), accessToken, { codeChallenge });
    const callback = await world.scanAndAllow(qrPage, person);
    const anywhere = new Browser();
    const loginCode = locationOf(await anywhere.visit(callback.href)).searchParams.get('loginCode');
    expect(await identities(accessToken)).toHaveLength(1);
    expect((await world.redeem(anywhere, loginCode)).body.code).toBe('LOGIN_CODE_INVALID');
    const redeemed = await world.redeem(anywhere, loginCode, { codeVerifier });
    expect(redeemed.status).toBe(200);
    expect(await identities(accessToken)).toHaveLength(2);
  });

  test('a link whose session has ended links nothing', async () => {
    const person = await world.person({ withUnionId: false });
    const { accessToken, refreshToken } = await world.miniProgramLogin(person);
    const browser = new Browser();
    const callback = await world.scanAndAllow(await linkWebsite(browser, accessToken), person);
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
    expect((await linkMiniProgram(accessToken, await world.wxLogin(owner))).body).toMatchObject({
      status: 409,
      code: 'IDENTITY_TAKEN',
    });
    const browser = new Browser();
    const callback = await world.scanAndAllow(await linkWebsite(browser, accessToken), owner);
    const location = locationOf(await browser.visit(callback.href));
    expect(location.searchParams.get('error')).toBe('IDENTITY_TAKEN');
    expect(await identities(accessToken)).toHaveLength(1);
  });

  test('two users who link one WeChat account at once: one gets it', async () => {
    const account = await world.person();
    const users = await Promise.all(
      [1, 2].map(async () => world.miniProgramLogin(await world.person({ withUnionId: false }))),
    );
    const replies = await Promise.all(
      users.map(async ({ accessToken }) => linkMiniProgram(accessToken, await world.wxLogin(account))),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test('unlinking takes the whole WeChat account, its sessions too; a later login of it is a new user', async () => {
    const main = await world.person();
    const other = await world.person();
    const { accessToken, user } = await world.miniProgramLogin(main);
    await linkMiniProgram(accessToken, await world.wxLogin(other));
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
      await linkMiniProgram(accessToken, await world.wxLogin(person)),
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
});
