import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { call, type Reply } from '../harness/http.js';
import { API_KEYS } from '../harness/operator.js';
import { PARTNER_CALLBACK, PartnerApp } from '../harness/partner-app.js';
import { pkce } from '../harness/pkce.js';
import { type Person, type Problem, World } from '../harness/world.js';

const PARTNER_APP_ID = 'wx5a4db0c0de0000aa';

describe("a partner's mini program that opens ours", () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    partner = await PartnerApp.register(world, {
      scopes: ['openid', 'profile', 'phone'],
      miniProgramAppIds: [PARTNER_APP_ID],
    });
  });
  afterAll(() => world.stop());

  const route = () => `${world.url}/v1/mini-program/partner-authorizations`;

  /** The person consents in our mini program. */
  async function consent(
    person: Person,
    extra: Readonly<Record<string, unknown>> = {},
  ): Promise<{ reply: Reply<{ code: string; expiresAt: string } & Problem>; verifier: string }> {
    const { accessToken } = await world.miniProgramLogin(person);
    const { verifier, challenge } = pkce();
    const reply = await call<{ code: string; expiresAt: string } & Problem>(route(), {
      token: accessToken,
      json: {
        clientId: partner.id,
        scope: 'openid profile',
        codeChallenge: challenge,
        partnerAppId: PARTNER_APP_ID,
        nonce: 'n-0S6',
        code: await world.wxLogin(person),
        ...extra,
      },
    });
    return { reply, verifier };
  }

  const exchange = (code: string, verifier: string, extra: Readonly<Record<string, string>> = {}) =>
    partner.token({ grant_type: 'authorization_code', code, code_verifier: verifier, ...extra });

  test('learns the person by a code that its server exchanges without a redirect_uri', async () => {
    const person = await world.person({ nickname: '小明 🌱' });
    // A mini program learns no nickname from WeChat.
    await world.websiteLogin(person);
    const { reply, verifier } = await consent(person);
    expect(reply.status).toBe(201);
    const left = Date.parse(reply.body.expiresAt) - world.clock.now();
    expect(left).toBeGreaterThan(55_000);
    expect(left).toBeLessThanOrEqual(60_000);
    const tokens = await exchange(reply.body.code, verifier);
    expect(tokens.status).toBe(200);
    expect(decodeJwt(tokens.body.id_token)).toMatchObject({ aud: partner.id, nonce: 'n-0S6' });
    const userinfo = await partner.userinfo(tokens.body.access_token);
    expect(userinfo.body).toMatchObject({
      sub: decodeJwt(tokens.body.id_token).sub,
      name: '小明 🌱',
      nickname: '小明 🌱',
    });
    expect((await exchange(reply.body.code, verifier)).body.error).toBe('invalid_grant');
  });

  test('learns the person on the virtual phone, which plays both mini programs', async () => {
    const person = await world.person();
    const opened = await world.control<{ id: string; codeVerifier: string; asks: unknown }>(
      'mini-program-openings',
      { person: person.id, fromAppId: PARTNER_APP_ID, extraData: { clientId: partner.id, nonce: 'n-0S6' } },
    );
    expect(opened.asks).toEqual({
      partner: { id: partner.id, name: '小店', logoUrl: null },
      scopes: ['openid', 'profile'],
      granted: false,
    });
    const back = await world.control<{ referrerInfo: { extraData: { code: string } } }>(
      `mini-program-openings/${opened.id}/allow`,
      {},
    );
    const tokens = await exchange(back.referrerInfo.extraData.code, opened.codeVerifier);
    const onWebsite = await partner.logInFor(person);
    expect(decodeJwt(tokens.body.id_token)).toMatchObject({
      sub: decodeJwt(onWebsite.id_token).sub,
      nonce: 'n-0S6',
    });
  });

  test('knows the person by the same sub as on its website', async () => {
    const person = await world.person();
    const { reply, verifier } = await consent(person);
    const tokens = await exchange(reply.body.code, verifier);
    const onWebsite = await partner.logInFor(person);
    expect(decodeJwt(tokens.body.id_token).sub).toBe(decodeJwt(onWebsite.id_token).sub);
  });

  test('is shown to the person before, with what it asks for', async () => {
    const person = await world.person();
    const { accessToken: token } = await world.miniProgramLogin(person);
    const query = new URLSearchParams({
      clientId: partner.id,
      partnerAppId: PARTNER_APP_ID,
      scope: 'openid phone',
    });
    const asked = await call(`${route()}?${query.toString()}`, { token });
    expect(asked.body).toEqual({
      partner: { id: partner.id, name: '小店', logoUrl: null },
      scopes: ['openid', 'phone'],
      granted: false,
    });
    await consent(person, { scope: 'openid phone' });
    expect((await call(`${route()}?${query.toString()}`, { token })).body).toMatchObject({ granted: true });
  });

  test('is refused where the person came from another mini program, and the code of wx.login is not spent', async () => {
    const person = await world.person();
    const code = await world.wxLogin(person);
    const { reply } = await consent(person, { partnerAppId: 'wx5a4db0c0de0000bb', code });
    expect(reply.body.code).toBe('PARTNER_APP_FORBIDDEN');
    expect((await consent(person, { code })).reply.status).toBe(201);
  });

  test('is refused scopes that it may not ask for, and none at all', async () => {
    const person = await world.person();
    expect((await consent(person, { scope: 'openid wechat' })).reply.body.code).toBe('SCOPE_FORBIDDEN');
    expect((await consent(person, { scope: 'profile' })).reply.body.code).toBe('SCOPE_FORBIDDEN');
    expect((await consent(person, { scope: 'openid root' })).reply.body.code).toBe('VALIDATION_FAILED');
    expect((await consent(person, { clientId: 'nobody' })).reply.body.code).toBe('PARTNER_UNKNOWN');
  });

  test('gets nothing for a stolen access token: the code of wx.login is of another person', async () => {
    const thief = await world.person();
    const { reply } = await consent(await world.person(), { code: await world.wxLogin(thief) });
    expect(reply.body.code).toBe('TOKEN_CODE_MISMATCH');
  });

  test('gets nothing by a session of a website', async () => {
    const person = await world.person();
    const { accessToken } = await world.websiteLogin(person);
    const reply = await call<Problem>(route(), { token: accessToken, json: {} });
    expect(reply.body.code).toBe('MINI_PROGRAM_SESSION_REQUIRED');
  });

  test('cannot use such a code with a redirect URI, nor a code of the browser without one', async () => {
    const person = await world.person();
    const { reply, verifier } = await consent(person);
    const withUri = await exchange(reply.body.code, verifier, { redirect_uri: PARTNER_CALLBACK });
    expect(withUri.body.error).toBe('invalid_grant');
    const begun = partner.begin();
    const location = await partner.authorize(person, begun);
    const without = await exchange(location.searchParams.get('code') ?? '', begun.verifier);
    expect(without.body.error).toBe('invalid_grant');
  });
});
