import { createServer, type RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { generateKeyPair, SignJWT, decodeJwt, decodeProtectedHeader } from 'jose';
import { call } from '../harness/http.js';
import { type Listening, listening } from '../harness/listening.js';
import { type Page, Phone } from '../harness/mini-program.js';
import { API_KEYS } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { filesOf, packageCode, runInNode, withHosts } from '../harness/printed-code.js';
import { MINI_PROGRAM, type Person, World } from '../harness/world.js';

const PAGE = 'docs/guide/partner-mini-program.md';
const AUTH = 'https://auth.example.com';
const PARTNER = 'https://partner.example.com';
const PARTNER_APP_ID = 'wx5a4db0c0de0000aa';
const STRANGER_APP_ID = 'wx5a4db0c0de0000bb';
const LOGIN_PAGE = 'pages/login/login';
const CONSENT_PAGE = 'pages/consent/consent';
const ROUTE = '/v1/mini-program/partner-authorizations';
const FINISH = '/wechat/finish';

/** What the partner has around the printed code of its server: Express, JSON bodies, sessions by a header. */
const AROUND_SERVER = `import express from 'express';
  export const app = express();
  export const sessions = new Map();
  app.use(express.json());
  app.use((req, res, next) => {
    const id = req.headers['x-session'];
    if (!sessions.has(id)) sessions.set(id, {});
    req.session = sessions.get(id);
    next();
  });`;
/** What it has around that of its mini program. The session is that of the phone. */
const API = `export const post = (path, data) => new Promise((done, fail) => wx.request({
  url: '${PARTNER}' + path, method: 'POST', data, header: { 'x-session': wx.getStorageSync('session') },
  success: ({ statusCode, data }) => (statusCode < 300 ? done(data) : fail(new Error(data.error))), fail,
}))`;
/** A mini program of somebody who reads this guide, too. */
const STRANGER = `Page({
  onAsk() { this.open('${MINI_PROGRAM}', '${CONSENT_PAGE}') },
  onInject() { this.open('${PARTNER_APP_ID}') },
  open(appId, path) {
    wx.navigateToMiniProgram({ appId, path, extraData: this.data.extraData })
  },
})`;
const STRANGER_WXML = '<button bindtap="onAsk">Ask</button><button bindtap="onInject">Inject</button>';

interface Session {
  sub?: string;
  wechat?: { verifier: string; nonce: string };
}

const printed = filesOf(PAGE);
const ownFiles = new Map(
  [...filesOf('docs/guide/mini-program.md'), ...printed].concat([
    ['@wechat-auth/mini-program', packageCode('mini-program')],
  ]),
);

describe("the guide's code for a partner's mini program and ours", () => {
  let world: World;
  let partner: PartnerApp;
  let server: Listening;
  let sessions: Map<string, Session>;
  let hosts: Record<string, string>;
  let putFetchBack: () => void;
  const before = { ...process.env };

  beforeAll(async () => {
    world = await World.start({ ...API_KEYS, PUBLIC_URL: AUTH });
    partner = await PartnerApp.register(world, {
      authMethod: 'client_secret_basic',
      scopes: ['openid', 'profile'],
      logoUrl: `${PARTNER}/logo.png`,
      miniProgramAppIds: [PARTNER_APP_ID],
    });
    Object.assign(process.env, { WECHAT_CLIENT_ID: partner.id, WECHAT_CLIENT_SECRET: partner.secret });
    hosts = { [AUTH]: world.url };
    putFetchBack = withHosts(hosts);
    const code = `${AROUND_SERVER}\n${printed.get('server.js') ?? ''}`;
    const { app, ...rest } = await runInNode<{ app: RequestListener; sessions: typeof sessions }>(code);
    sessions = rest.sessions;
    server = await listening(createServer(app));
    hosts[PARTNER] = server.url;
  });
  afterAll(async () => {
    putFetchBack();
    for (const name of ['WECHAT_CLIENT_ID', 'WECHAT_CLIENT_SECRET']) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
    await server.close();
    await world.stop();
  });

  let person: Person;
  /** The mini programs of the person: ours, the partner's, a stranger's. */
  let ours: Phone;
  let theirs: Phone;
  let stranger: Phone;
  let login: Page;

  /** A person with three mini programs, who looks at the partner's login page. */
  async function pickUp(): Promise<void> {
    person = await world.person();
    ours = new Phone(world, person, hosts, ownFiles);
    theirs = new Phone(world, person, hosts, new Map([...printed, ['api.js', API]]), PARTNER_APP_ID);
    const strange = new Map([
      ['pages/strange.js', STRANGER],
      ['pages/strange.wxml', STRANGER_WXML],
    ]);
    stranger = new Phone(world, person, hosts, strange, STRANGER_APP_ID);
    for (const phone of [ours, theirs, stranger]) {
      for (const other of [ours, theirs, stranger]) if (other !== phone) phone.others.set(other.appId, other);
    }
    theirs.storage.set('session', person.id);
    theirs.enter({ scene: 1001 }, LOGIN_PAGE);
    login = await theirs.page();
  }
  beforeEach(pickUp);

  const session = (): Session => sessions.get(person.id) ?? {};
  const codesIssued = (): number =>
    ours.sent.filter(({ method, path }) => method === 'POST' && path === ROUTE).length;
  /** Taps the partner's button. @returns our page */
  async function ask(): Promise<Page> {
    await login.tap('Log in');
    expect(login.text).toBe('Waiting for your answer.');
    return ours.page();
  }
  /** Answers on our page, and returns to the partner's. */
  async function answer(consent: Page, button: string): Promise<void> {
    await consent.tap(button);
    expect(await theirs.page()).toBe(login);
  }
  /** The person comes to the stranger's mini program and taps. */
  async function strange(button: string, extraData: object): Promise<void> {
    stranger.enter({ scene: 1001 }, 'pages/strange');
    const page = await stranger.page();
    page.data.extraData = extraData;
    await page.tap(button);
  }

  test('logs in: the server learns sub and nickname, and its mini program never calls wx.login', async () => {
    const { accessToken: token } = await world.miniProgramLogin(person);
    await call(`${world.url}/v1/users/me`, { token, json: { nickname: '小红 🌸' }, method: 'PATCH' });
    const consent = await ask();
    expect(consent.text).toMatch(/^小店 wants to .* an ID that is used for this app only, your nickname/);
    expect(consent.text).not.toContain('before');
    const { verifier = '' } = session().wechat ?? {};
    expect(consent.data.asked).toMatchObject({ partner: { logoUrl: `${PARTNER}/logo.png` } });
    await answer(consent, 'Allow');
    expect(login.text).toBe('You are logged in. 小红 🌸');

    const exported = await call<{ partnerSubjects: object[] }>(`${world.url}/v1/users/me/export`, { token });
    expect(exported.body.partnerSubjects).toEqual([expect.objectContaining({ sub: session().sub })]);
    expect(session()).not.toHaveProperty('wechat');
    expect(theirs.wxLogins).toBe(0);
    expect(verifier).toHaveLength(43);
    expect(JSON.stringify([login.data, theirs.sent, ours.sent])).not.toContain(verifier);
  });

  test('knows the person again, who sees that they have allowed it before', async () => {
    await answer(await ask(), 'Allow');
    const { sub } = session();
    theirs.enter({ scene: 1001 }, LOGIN_PAGE);
    login = await theirs.page();
    const consent = await ask();
    expect(consent.text).toContain('You have allowed this before.');
    await answer(consent, 'Allow');
    expect(session().sub).toBe(sub);
    await pickUp();
    await answer(await ask(), 'Allow');
    expect(session().sub).toMatch(/./);
    expect(session().sub).not.toBe(sub);
  });

  test('takes a cancel for an answer, and can ask anew', async () => {
    await answer(await ask(), 'Cancel');
    expect(theirs.returned).toMatchObject([{ referrerInfo: { extraData: { error: 'access_denied' } } }]);
    expect(login.text).toMatch(/^You have not allowed it\./);
    expect([codesIssued(), theirs.callsOf(FINISH)]).toEqual([0, 0]);
    await answer(await ask(), 'Allow');
    expect(login.text).toMatch(/^You are logged in/);
  });

  test('stops waiting for somebody who closes our mini program, and can be answered later', async () => {
    await ask();
    ours.close();
    await theirs.page();
    expect(login.text).toBe('Log in');
    await answer(await ask(), 'Allow');
    expect(login.text).toMatch(/^You are logged in/);
  });

  test('stays where the person does not want to leave', async () => {
    theirs.allows = false;
    await login.tap('Log in');
    await new Promise(setImmediate);
    expect(login.text).toBe('Log in');
    expect(ours.sent).toEqual([]);
  });

  test('says so where its server cannot be reached, and tries again by a tap', async () => {
    theirs.lost = 'call';
    theirs.enter({ scene: 1001 }, LOGIN_PAGE);
    login = await theirs.page();
    expect(login.text).toMatch(/^That did not work/);
    theirs.lost = 'nothing';
    await login.tap('Log in');
    await answer(await ask(), 'Allow');
    expect(login.text).toMatch(/^You are logged in/);
  });

  test('refuses a mini program that is not of the partner, whatever it says of itself', async () => {
    const { extraData } = login.data as { extraData: object };
    const claims = { appId: PARTNER_APP_ID, partnerAppId: PARTNER_APP_ID };
    await strange('Ask', { ...extraData, ...claims });
    const consent = await ours.page();
    expect(consent.text).toMatch(/^请\p{Script=Han}+ PARTNER_APP_FORBIDDEN [\w-]{36}$/u);
    expect(consent.buttons).toEqual([]);
    ours.close();
    expect(stranger.returned).toEqual([{ scene: 1038, referrerInfo: { appId: MINI_PROGRAM } }]);
    expect(codesIssued()).toBe(0);
  });

  test("keeps the partner's answer from a stranger who opens our page meanwhile", async () => {
    const consent = await ask();
    const allowed = consent.tap('Allow');
    await strange('Ask', { clientId: partner.id, scope: 'openid', codeChallenge: 'x'.repeat(43) });
    await allowed;
    expect(codesIssued()).toBe(1);
    expect([...stranger.returned, ...theirs.returned]).toEqual([]);
  });

  test('ignores a code that another mini program brings, and takes the answer after it', async () => {
    const code = 'a code of the stranger';
    await ask();
    await strange('Inject', { code });
    await theirs.page();
    expect(login.text).toBe('Log in');
    for (const [scene, appId] of [
      [1038, STRANGER_APP_ID],
      [1037, MINI_PROGRAM],
    ] as const) {
      theirs.enter({ scene, referrerInfo: { appId, extraData: { code } } });
      await theirs.page();
    }
    expect(theirs.callsOf(FINISH)).toBe(0);
    await answer(await ask(), 'Allow');
    expect(login.text).toMatch(/^You are logged in/);
  });

  test('takes one answer, of a page that is still there', async () => {
    await answer(await ask(), 'Allow');
    theirs.enter({ scene: 1038, referrerInfo: { appId: MINI_PROGRAM, extraData: { code: 'another' } } });
    await theirs.page();
    expect(login.text).toMatch(/^You are logged in/);
    expect(theirs.callsOf(FINISH)).toBe(1);

    theirs.enter({ scene: 1001 }, LOGIN_PAGE);
    login = await theirs.page();
    const consent = await ask();
    theirs.enter({ scene: 1001 }, LOGIN_PAGE);
    await consent.tap('Allow');
    expect((await theirs.page()).text).toBe('Log in');
    expect(theirs.callsOf(FINISH)).toBe(1);
  });

  /** What the partner's page says of a login that its server refuses. */
  async function refused(): Promise<unknown> {
    await answer(await ask(), 'Allow');
    expect(login.text).toMatch(/^That did not work\. Please try again\./);
    expect(theirs.callsOf(FINISH)).toBe(1);
    expect(session().sub).toBeUndefined();
    return session();
  }

  test.each([
    ['nonce', 'another'],
    ['codeChallenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
  ])('refuses a code that was issued for another %s', async (name, value) => {
    login.data.extraData = { ...(login.data.extraData as object), [name]: value };
    await refused();
    await answer(await ask(), 'Allow');
    expect(session().sub).toMatch(/./);
  });

  /** The answer of the token endpoint has another ID token until `fetch` is put back. */
  function withIdToken(change: (idToken: string) => Promise<string | undefined>): () => void {
    const { fetch } = globalThis;
    globalThis.fetch = async (input, init) => {
      const reply = await fetch(input, init);
      if (input instanceof Request || !new URL(input).pathname.endsWith('/oidc/token')) return reply;
      const tokens = (await reply.json()) as { id_token: string };
      return Response.json({ ...tokens, id_token: await change(tokens.id_token) }, { status: reply.status });
    };
    return () => void (globalThis.fetch = fetch);
  }

  test('refuses an ID token that a stranger has signed, one of another audience, and none at all', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const signed = (idToken: string, claims: object) =>
      new SignJWT({ ...decodeJwt(idToken), ...claims })
        .setProtectedHeader({ ...decodeProtectedHeader(idToken), alg: 'RS256' })
        .sign(privateKey);
    for (const change of [
      (idToken: string) => signed(idToken, {}),
      (idToken: string) => signed(idToken, { aud: 'somebody else' }),
      async () => Promise.resolve(undefined),
    ]) {
      await pickUp();
      const putBack = withIdToken(change);
      try {
        await refused();
      } finally {
        putBack();
      }
    }
  });

  test('is told when no login was begun', async () => {
    const reply = await call(`${server.url}${FINISH}`, {
      json: { code: 'x' },
      headers: { 'x-session': 'new' },
    });
    expect(reply).toMatchObject({ status: 401, body: { error: 'no login was begun' } });
  });

  test('answers each request once: two taps issue one code, and nobody is asked again', async () => {
    const consent = await ask();
    await Promise.all([consent.tap('Allow'), consent.tap('Allow')]);
    await theirs.page();
    expect([codesIssued(), theirs.returned.length]).toEqual([1, 1]);
    await consent.call('onShow');
    expect(consent.text).toBe('No app is asking for anything.');
  });

  test('keeps the question for somebody who looks at something else meanwhile', async () => {
    const consent = await ask();
    const calls = ours.sent.length;
    ours.enter({ scene: 1089 });
    expect(await ours.page()).toBe(consent);
    ours.enter({ scene: 1037, referrerInfo: { appId: PARTNER_APP_ID, extraData: login.data.extraData } });
    expect(await ours.page()).toBe(consent);
    expect(consent.buttons).toEqual(['Allow', 'Cancel']);
    expect(ours.sent).toHaveLength(calls);
    await answer(consent, 'Allow');
    expect(login.text).toMatch(/^You are logged in/);
  });

  test('keeps the buttons where no code was issued, and hands nothing back', async () => {
    const consent = await ask();
    await world.fault('/sns/jscode2session', { errcode: 40226, errmsg: 'blocked' });
    await consent.tap('Allow');
    expect(consent.text).toMatch(/WECHAT_USER_BLOCKED [\w-]{36}$/);
    expect(theirs.returned).toEqual([]);
    const allowed = consent.tap('Allow');
    expect(consent.text).not.toContain('WECHAT_USER_BLOCKED');
    await allowed;
    await theirs.page();
    expect(login.text).toMatch(/^You are logged in/);
  });

  test('lets somebody log in first who has logged out of our mini program', async () => {
    const own = ours.start();
    const { auth } = await own.exportsOf<{ auth: { logout: () => Promise<void> } }>('auth.js');
    await auth.logout();
    const consent = await ask();
    expect(consent.buttons).toEqual(['Log in']);
    await consent.tap('Log in');
    await answer(consent, 'Allow');
    expect(login.text).toMatch(/^You are logged in/);
  });

  test.each([
    [[PARTNER_APP_ID, STRANGER_APP_ID], /PARTNER_APP_FORBIDDEN [\w-]{36}$/, []],
    [[STRANGER_APP_ID, PARTNER_APP_ID], /for this app only\. Allow Cancel$/, ['Allow', 'Cancel']],
  ])('shows the last request where our page is opened by %j at once', async (appIds, text, buttons) => {
    const consent = await ask();
    for (const appId of appIds) {
      const codeChallenge = appId.padEnd(43, 'x');
      const extraData = { clientId: partner.id, scope: 'openid', codeChallenge };
      ours.enter({ scene: 1037, referrerInfo: { appId, extraData } });
      await Promise.resolve(); // its page is told before the next start
    }
    expect(await ours.page()).toBe(consent);
    expect(consent.text).toMatch(text);
    expect(consent.buttons).toEqual(buttons);
  });

  test('says on our page that nobody asks, where the person has come in another way', async () => {
    const extraData = { clientId: partner.id, scope: 'openid', codeChallenge: 'x'.repeat(43) };
    for (const entered of [
      { scene: 1001 },
      { scene: 1037, referrerInfo: { appId: PARTNER_APP_ID } },
      { scene: 1038, referrerInfo: { appId: PARTNER_APP_ID, extraData } },
    ]) {
      ours.enter(entered, CONSENT_PAGE);
      expect((await ours.page()).text).toBe('No app is asking for anything.');
    }
    expect(ours.sent).toEqual([]);
  });
});

// That the code is the same in both languages is a check: scripts/translations.mjs.
describe('the page about mini programs of partners', () => {
  test.each(['.md', '.zh-CN.md'])('prints the same files in %s', (ending) => {
    expect([...filesOf(PAGE.replace('.md', ending)).keys()]).toEqual([
      'server.js',
      'pages/login/login.js',
      'pages/consent/consent.js',
      'pages/login/login.wxml',
      'pages/consent/consent.wxml',
    ]);
  });
});
