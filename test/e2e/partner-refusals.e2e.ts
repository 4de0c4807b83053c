import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { API_KEYS } from '../harness/operator.js';
import { PARTNER_CALLBACK, PartnerApp } from '../harness/partner-app.js';
import { World } from '../harness/world.js';

const LANGUAGES = ['zh-CN', 'zh-Hant', 'en'] as const;
type Texts = readonly [string, string, string];

const LOGIN: Texts = ['该应用暂时无法登录', '此應用程式暫時無法登入', 'This app can’t log you in'];
const LOGOUT: Texts = ['你在这里还没有退出登录', '你在這裡尚未登出', 'You haven’t been logged out here'];
const FOR_APPS: Texts = ['此地址仅供应用调用', '此網址僅供應用程式呼叫', 'This address is for apps'];
const TELL: Texts = [
  '请告诉该应用的开发者',
  '請告訴此應用程式的開發者',
  'Please tell the developer of the app',
];

const UNKNOWN: Texts = [
  '此服务不认识该应用',
  '此服務不認識這個應用程式',
  'This service doesn’t know the app',
];
const ADDRESS: Texts = [
  '返回一个未登记的地址',
  '返回一個未登記的網址',
  'return to an address that isn’t registered',
];
const UNSUPPORTED: Texts = [
  '登录方式，此服务不支持',
  '登入方式，此服務不支援',
  'a way of logging in that this service doesn’t offer',
];
const INCOMPLETE: Texts = [
  '登录请求不完整或无效',
  '登入請求不完整或無效',
  'login request is incomplete or not valid',
];
const EXPIRED: Texts = [
  '请回到应用重新登录',
  '請回到應用程式重新登入',
  'Go back to the app and log in again',
];
const LOGOUT_REQUEST: Texts = ['退出请求无效', '登出請求無效', 'logout request isn’t valid'];
const LOGOUT_EXPIRED: Texts = [
  '请回到应用，重新退出登录',
  '請回到應用程式，重新登出',
  'Go back to the app and log out again',
];
const LED_HERE: Texts = [
  '请告诉该应用的开发者',
  '請告訴其開發者',
  'If an app led you here, please tell its developer',
];

describe('the page about a refused request of a partner app', () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS);
    partner = await PartnerApp.register(world, {
      postLogoutRedirectUris: ['https://partner.example.com/bye'],
    });
  });
  afterAll(() => world.stop());

  const open = (url: string, language: string, browser = new Browser()): Promise<Reply> =>
    browser.visit(url, { headers: { accept: 'text/html', 'accept-language': language } });

  /** Expects what a person reads in a language, and what the developer of the app reads in English. */
  function expectPage(
    { text }: Reply,
    [title, because, code]: readonly [Texts, Texts, string],
    index: number,
  ): void {
    expect(/<html lang="([^"]*)"/.exec(text)?.[1]).toBe(LANGUAGES[index]);
    expect(/<h1>(.*?)<\/h1>/.exec(text)?.[1]).toBe(title[index]);
    expect(/<p class="lead">(.*?)<\/p>/.exec(text)?.[1]).toContain(because[index]);
    const isToTell = ![EXPIRED, LOGOUT_EXPIRED, LED_HERE].includes(because);
    expect(/<p class="lead">.*?<\/p>\n<p class="lead">(.*?)<\/p>/.exec(text)?.[1] ?? '').toContain(
      isToTell ? TELL[index] : '',
    );
    expect(text.match(/class="lead"/g)).toHaveLength(isToTell ? 2 : 1);
    expect(text).toContain(`<dd><code>${code}</code></dd>`);
    const english = /<dd lang="en">([^<]+)<\/dd>/;
    // The library describes the others.
    expect(english.test(text)).toBe(!code.endsWith('_not_supported'));
    if (LANGUAGES[index] === 'en') return;
    const shown = text
      .replace(/<head>.*<\/head>/s, '')
      .replace(english, '')
      .replace(/<[^>]*>/g, '\n');
    expect(shown).not.toMatch(/[a-z]+ [a-z]+/i);
  }

  test.each<[string, Record<string, string | null>, Texts, string]>([
    ['names no app', { client_id: null }, INCOMPLETE, 'invalid_request'],
    ['names an unknown app', { client_id: 'somebody' }, UNKNOWN, 'invalid_client'],
    ['names another address', { redirect_uri: `${PARTNER_CALLBACK}/` }, ADDRESS, 'invalid_redirect_uri'],
    ['names no address', { redirect_uri: null }, INCOMPLETE, 'invalid_request'],
    [
      'wants another flow',
      { redirect_uri: null, response_type: 'token' },
      UNSUPPORTED,
      'unsupported_response_type',
    ],
    [
      'wants another answer',
      { redirect_uri: null, response_mode: 'jwt' },
      UNSUPPORTED,
      'unsupported_response_mode',
    ],
    ['is an object', { redirect_uri: null, request: 'e30.e30.' }, UNSUPPORTED, 'request_not_supported'],
    [
      'is elsewhere',
      { redirect_uri: null, request_uri: 'https://partner.example.com/request' },
      UNSUPPORTED,
      'request_uri_not_supported',
    ],
    ['registers', { redirect_uri: null, registration: '{}' }, UNSUPPORTED, 'registration_not_supported'],
    [
      'was pushed long ago',
      { redirect_uri: null, request_uri: 'urn:ietf:params:oauth:request_uri:gone' },
      EXPIRED,
      'invalid_request_uri',
    ],
  ])('says what is wrong where a login request %s', async (_what, extra, because, code) => {
    for (const [index, language] of LANGUAGES.entries()) {
      const page = await open(partner.begin(extra).url.href, language);
      expect(page.status).toBe(400);
      expectPage(page, [LOGIN, because, code], index);
    }
  });

  test.each<[string, string, string, Texts, Texts, string]>([
    ['a login of another browser', 'GET', 'auth/of-another-browser', LOGIN, EXPIRED, 'invalid_request'],
    ['a logout for an unknown app', 'GET', 'logout?client_id=somebody', LOGOUT, UNKNOWN, 'invalid_client'],
    [
      'a logout with a foreign ID token',
      'GET',
      'logout?id_token_hint=x',
      LOGOUT,
      LOGOUT_REQUEST,
      'invalid_request',
    ],
    ['an answer to no logout page', 'POST', 'logout/confirm', LOGOUT, LOGOUT_EXPIRED, 'invalid_request'],
    ['claims, opened by a person', 'GET', 'userinfo', FOR_APPS, LED_HERE, 'invalid_token'],
  ])('says what is wrong with %s', async (_what, method, path, title, because, code) => {
    for (const [index, language] of LANGUAGES.entries()) {
      const page = await call(`${world.url}/oidc/${path}`, {
        method,
        headers: {
          accept: 'text/html',
          'accept-language': language,
          ...(method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(method === 'POST' && { body: 'logout=yes' }),
      });
      expectPage(page, [title, because, code], index);
    }
  });

  test('says that a logout would return to an address that is not registered', async () => {
    const query = new URLSearchParams({
      client_id: partner.id,
      post_logout_redirect_uri: 'https://evil.example.com',
    });
    for (const [index, language] of LANGUAGES.entries()) {
      const page = await open(`${world.url}/oidc/logout?${query.toString()}`, language);
      expectPage(page, [LOGOUT, LOGOUT_REQUEST, 'invalid_request'], index);
    }
  });

  test('is in the language that the request asks for', async () => {
    const { url } = partner.begin({ redirect_uri: 'https://evil.example.com', ui_locales: 'zh-HK' });
    expectPage(await open(url.href, 'en'), [LOGIN, ADDRESS, 'invalid_redirect_uri'], 1);
  });
});
