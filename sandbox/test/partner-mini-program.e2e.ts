import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, Driver, type Json, MINI } from './driver.js';
import { ServiceStandIn } from './service-stand-in.js';

const ASKS = '/v1/mini-program/partner-authorizations';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const WHO = {
  partner: { id: 'a-partner', name: '小店', logoUrl: null },
  scopes: ['openid', 'phone'],
  granted: false,
};
const EXPIRES_AT = '2026-11-21T08:31:00.000Z';

describe('the mini program of a partner that opens the sample mini program', () => {
  let driver: Driver;
  let service: ServiceStandIn;
  beforeAll(async () => {
    service = await ServiceStandIn.start();
    driver = await Driver.start();
    await driver.send('PUT', '/control/service', { url: service.url });
  });
  beforeEach(async () => {
    await driver.control('reset');
    service.reset();
    service.onJson('/v1/mini-program/login', { accessToken: 'a-token' });
    service.on(ASKS, (response, { method }) => {
      const json = method === 'GET' ? WHO : { code: 'a-code', expiresAt: EXPIRES_AT };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    });
  });
  afterAll(async () => {
    await driver.close();
    await service.stop();
  });

  const open = (extraData: Json = {}, more: Json = {}): Promise<Answer> =>
    driver.send('POST', '/control/mini-program-openings', {
      person: 'alice',
      extraData: { clientId: 'a-partner', scope: 'openid phone', codeChallenge: CHALLENGE, ...extraData },
      ...more,
    });
  const answer = ({ json }: Answer, action: string): Promise<Answer> =>
    driver.send('POST', `/control/mini-program-openings/${String(json.id)}/${action}`, {});
  const consents = () => service.asked.filter(({ method, path }) => method === 'POST' && path === ASKS);

  it('comes with the scene, the AppID and the data of the partner, and the service says who asks', async () => {
    const opened = await open({ nonce: 'n-1' });
    expect(opened.status).toBe(201);
    expect(opened.json).toEqual({
      id: expect.any(String),
      person: 'alice',
      appId: MINI.appid,
      appName: '示例小程序 Demo Mini Program',
      state: 'opened',
      scene: 1037,
      referrerInfo: {
        appId: 'wx5a4db0c0de0000aa',
        extraData: {
          clientId: 'a-partner',
          scope: 'openid phone',
          codeChallenge: CHALLENGE,
          nonce: 'n-1',
        },
      },
      createdAt: expect.any(String),
      asks: WHO,
    });
    const [login, asked] = service.asked;
    expect(login?.path).toBe('/v1/mini-program/login');
    expect(asked).toMatchObject({ method: 'GET', body: '', headers: { authorization: 'Bearer a-token' } });
    expect(Object.fromEntries(new URL(asked?.path ?? '', service.url).searchParams)).toEqual({
      clientId: 'a-partner',
      partnerAppId: 'wx5a4db0c0de0000aa',
      scope: 'openid phone',
    });
  });

  it('gets a code back, for which the person proves with a fresh wx.login that they are present', async () => {
    const opened = await open({ nonce: 'n-1' });
    const allowed = await answer(opened, 'allow');
    expect([allowed.status, allowed.json]).toEqual([
      200,
      expect.objectContaining({
        id: opened.json.id,
        state: 'allowed',
        scene: 1038,
        referrerInfo: { appId: MINI.appid, extraData: { code: 'a-code' } },
        expiresAt: EXPIRES_AT,
      }),
    ]);
    const { code, ...sent } = JSON.parse(consents()[0]?.body ?? '') as { code: string };
    expect(sent).toEqual({
      clientId: 'a-partner',
      partnerAppId: 'wx5a4db0c0de0000aa',
      scope: 'openid phone',
      codeChallenge: CHALLENGE,
      nonce: 'n-1',
    });
    const { json } = await driver.exchange(await driver.wxLogin('alice'));
    expect((await driver.exchange(code)).json.openid).toBe(json.openid);
  });

  it('learns that the person refused, without a call to the service', async () => {
    const opened = await open();
    const denied = await answer(opened, 'deny');
    expect(denied.json).toMatchObject({
      state: 'denied',
      scene: 1038,
      referrerInfo: { appId: MINI.appid, extraData: { error: 'access_denied' } },
    });
    expect(consents()).toEqual([]);
  });

  it('is answered once, also by two taps at the same time', async () => {
    const opened = await open();
    const taps = await Promise.all([answer(opened, 'allow'), answer(opened, 'allow')]);
    expect(taps.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await answer(opened, 'deny')).status).toBe(409);
    expect(consents()).toHaveLength(1);
    const other = await open();
    expect((await answer(other, 'deny')).status).toBe(200);
    expect((await answer(other, 'allow')).status).toBe(409);
  });

  it('is the one that the person came from, whatever it says of itself', async () => {
    const { json } = await open({}, { fromAppId: 'wx-somebody-else' });
    expect(json.referrerInfo).toMatchObject({ appId: 'wx-somebody-else' });
    expect(new URL(service.asked.at(-1)?.path ?? '', service.url).searchParams.get('partnerAppId')).toBe(
      'wx-somebody-else',
    );
    expect((await open({ appId: 'wx5a4db0c0de0000aa' })).status).toBe(400);
  });

  it('needs no server of its own: the sandbox makes verifier and challenge', async () => {
    const { json } = await open({ codeChallenge: undefined, scope: undefined });
    const { referrerInfo, codeVerifier } = json as {
      referrerInfo: { extraData: Json };
      codeVerifier: string;
    };
    expect(codeVerifier).toMatch(/^[\w-]{43}$/);
    expect(referrerInfo.extraData).toEqual({
      clientId: 'a-partner',
      scope: 'openid profile',
      codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    });
  });

  it('learns nothing where the service refuses to say who asks, or refuses the code; the person may try again', async () => {
    const opened = await open();
    service.onJson(ASKS, { code: 'PARTNER_APP_FORBIDDEN', detail: 'The reason.' }, 403);
    const refused = { error: 'The reason.', code: 'PARTNER_APP_FORBIDDEN' };
    const again = await open();
    expect([again.status, again.json]).toEqual([403, refused]);
    const first = await answer(opened, 'allow');
    expect([first.status, first.json]).toEqual([403, refused]);
    service.onJson(ASKS, { expiresAt: EXPIRES_AT });
    expect((await answer(opened, 'allow')).json.code).toBe('SERVICE_ANSWER');
    service.onJson(ASKS, { code: 'a-code', expiresAt: EXPIRES_AT });
    expect((await answer(opened, 'allow')).json.state).toBe('allowed');
  });

  it('logs in again, with another code of wx.login, where the token is good no longer', async () => {
    const opened = await open();
    service.on(ASKS, (response) => {
      service.onJson(ASKS, { code: 'a-code', expiresAt: EXPIRES_AT });
      response
        .writeHead(401, { 'content-type': 'application/problem+json' })
        .end('{"code":"SESSION_ENDED","detail":"x"}');
    });
    expect((await answer(opened, 'allow')).status).toBe(200);
    const codes = consents().map(({ body }) => (JSON.parse(body) as { code: string }).code);
    expect(new Set(codes).size).toBe(2);
  });

  it('is nobody to log in to: its AppID is none of the apps', async () => {
    expect(
      (await driver.send('POST', '/control/wx-login', { person: 'alice', appId: 'wx5a4db0c0de0000aa' }))
        .status,
    ).toBe(404);
    const { json } = await driver.get('/control/apps');
    expect((json.apps as Json[]).map(({ appId }) => appId)).not.toContain('wx5a4db0c0de0000aa');
  });

  it('wants a person, a client and a mini program that there are', async () => {
    expect((await open({}, { person: 'nobody' })).status).toBe(404);
    expect((await open({}, { appId: 'wx5a4db0c0de000002' })).status).toBe(404);
    expect((await open({ clientId: undefined })).status).toBe(400);
    expect((await open({}, { extraData: undefined })).status).toBe(400);
    expect((await driver.send('POST', '/control/mini-program-openings/none/allow', {})).status).toBe(404);
    const opened = await open();
    await driver.control('reset');
    expect((await answer(opened, 'deny')).status).toBe(404);
  });
});
