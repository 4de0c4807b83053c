import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Dom, startDom } from './dom.js';
import { Program, type Screen } from './program.js';

const SCOPED = ['window', 'document', 'wx', 'Component'];

let dom: Dom;
let program: Program;
beforeAll(() => {
  dom = startDom();
});
afterAll(async () => {
  await dom.stop();
  for (const name of SCOPED) expect(globalThis).not.toHaveProperty(name);
});
afterEach(() => program.stop());

/** Starts the example on a phone that has nothing but these. */
function start(wx: object): void {
  program = Program.start(dom, wx);
}
const english = { getAppBaseInfo: () => ({ language: 'en' }) };

describe('components/problem', () => {
  const problem = { code: 'WECHAT_BUSY', text: 'Busy.', requestId: 'r-1', retryable: true, login: false };
  const events = (screen: Screen): string[] => {
    const heard: string[] = [];
    for (const name of ['retry', 'login']) screen.listen(name, () => heard.push(name));
    return heard;
  };
  const show = (changes: object = {}): Screen => {
    start(english);
    return program.render('components/problem/problem', { problem: { ...problem, ...changes } });
  };

  test('shows the text and the request id, and offers to try again', async () => {
    const screen = show();
    const heard = events(screen);
    expect(screen.text).toBe('Busy. Try again Request ID r-1');
    await screen.tap('Try again');
    expect(heard).toEqual(['retry']);
  });

  test('offers to log in where that helps', async () => {
    const screen = show({ login: true });
    const heard = events(screen);
    await screen.tap('Log in');
    expect(heard).toEqual(['login']);
    expect(screen.buttons).toEqual(['Log in']);
  });

  test('offers nothing where nothing helps, and shows no request id where there is none', () => {
    expect(show({ retryable: false, requestId: '' }).text).toBe('Busy.');
  });

  test('shows nothing without a problem', () => {
    start(english);
    expect(program.render('components/problem/problem').text).toBe('');
  });
});

describe('components/privacy', () => {
  type Resolve = (answer: { event: string; buttonId?: string }) => void;
  let ask: (resolve: Resolve) => void = () => undefined;
  const phone = {
    ...english,
    onNeedPrivacyAuthorization: (listener: (resolve: Resolve) => void) => void (ask = listener),
  };
  const show = (wx: object = phone): Screen => {
    start(wx);
    return program.render('components/privacy/privacy');
  };

  test('answers everything that waits, once', async () => {
    const screen = show();
    expect(screen.text).toBe('');
    const answers: string[] = [];
    ask(({ event }) => answers.push(`first ${event}`));
    ask(({ event }) => answers.push(`second ${event}`));
    expect(screen.text).toContain('please read and agree to the privacy guide .');
    await screen.tap('Disagree');
    await screen.settled();
    expect(answers.slice(2)).toEqual(['first disagree', 'second disagree']);
    expect(screen.text).toBe('');
  });

  test('tells WeChat the id of the button that was tapped', async () => {
    const screen = show();
    const answers: (string | undefined)[] = [];
    ask(({ buttonId }) => answers.push(buttonId));
    const { id } = screen.attributesOf('button') ?? {};
    await screen.dispatch('Agree', 'agreeprivacyauthorization');
    expect(answers).toEqual([undefined, id]);
  });

  test('takes the listener back when its page is shown again', async () => {
    const screen = show();
    let other = false;
    ask = () => (other = true);
    await screen.show();
    ask(() => undefined);
    expect(other).toBe(false);
    expect(screen.buttons).toEqual(['Agree', 'Disagree']);
  });

  test('shows nothing in a base library without privacy functions', () => {
    expect(show(english).text).toBe('');
  });

  test('says so where the guide does not open', async () => {
    const toasts: string[] = [];
    const screen = show({
      ...phone,
      showToast: ({ title }: { title: string }) => toasts.push(title),
      openPrivacyContract: ({ fail }: { fail: () => void }) => fail(),
    });
    ask(() => undefined);
    await screen.tap('the privacy guide');
    expect(toasts).toEqual(['It does not open. Please try again later.']);
  });
});

describe('components/scan-confirm', () => {
  const SCAN = {
    status: 'scanned',
    site: { name: 'Shop', host: 'shop.example.com' },
    device: { browser: null, os: null, ip: null, requestedAt: '2026-11-21T08:30:00.000Z' },
  };
  const USER = {
    id: 'u',
    nickname: null,
    avatarUrl: null,
    phoneNumber: null,
    createdAt: '',
    lastLoginAt: null,
  };
  const TOKENS = { accessToken: 'a.b.c', refreshToken: 'x.1.y', expiresIn: 900, refreshExpiresIn: 9000 };

  /** A phone whose service answers by this. */
  function phone(answer: (path: string) => object) {
    return {
      ...english,
      login: ({ success }: { success: (result: object) => void }) => success({ code: 'c' }),
      request: ({ url, success }: { url: string; success: (result: object) => void }) => {
        const path = new URL(url).pathname;
        const login = { ...TOKENS, user: USER, identity: {}, isNewUser: false };
        const data = path.endsWith('/login') ? login : answer(path);
        setImmediate(() => success({ statusCode: 200, data, header: {} }));
      },
    };
  }

  test('tells the page what was decided', async () => {
    start(phone((path) => (path.endsWith('/deny') ? { status: 'denied' } : SCAN)));
    const screen = program.render('components/scan-confirm/scan-confirm', { scene: 'ticket' });
    const decided: unknown[] = [];
    screen.listen('decided', (detail) => decided.push(detail));
    await screen.settled();
    expect(screen.text).toContain('Shop shop.example.com Device Unknown · Unknown IP address Unknown');
    await screen.tap('Not me');
    expect(decided).toEqual([{ status: 'denied' }]);
  });

  test('opens each scene once, also one that comes later', async () => {
    const paths: string[] = [];
    start(phone((path) => (paths.push(path), SCAN)));
    const screen = program.render('components/scan-confirm/scan-confirm');
    await screen.settled();
    expect(paths).toEqual([]);
    for (const scene of ['one', 'one', 'two']) {
      screen.set({ scene });
      await screen.settled();
    }
    expect(paths).toEqual(['/v1/mini-program/scans/one', '/v1/mini-program/scans/two']);
  });

  test('confirms the login that it shows, where another code is scanned meanwhile', async () => {
    const ROUTE = '/v1/mini-program/scans/';
    const paths: string[] = [];
    const siteOf = (path: string) => ({ ...SCAN, site: { name: path.slice(ROUTE.length), host: 'h' } });
    start(
      phone((path) => (paths.push(path), path.endsWith('/confirm') ? { status: 'confirmed' } : siteOf(path))),
    );
    const screen = program.render('components/scan-confirm/scan-confirm', { scene: 'one' });
    screen.set({ scene: 'two' });
    await screen.settled();
    expect(screen.text).toContain('Log in to two');
    screen.start('Log in', 'tap');
    screen.set({ scene: 'three' });
    await screen.settled();
    expect(paths).toEqual(['one', 'two', 'two/confirm', 'three'].map((each) => ROUTE + each));
    expect(screen.text).toContain('Log in to three');
  });
});
