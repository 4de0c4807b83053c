import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { createContext, Script } from 'node:vm';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { EXAMPLE } from './program.js';

const PAGES = (JSON.parse(readFileSync(`${EXAMPLE}app.json`, 'utf8')) as { pages: string[] }).pages;
const USER = {
  id: 'u1',
  nickname: '小明',
  avatarUrl: null,
  phoneNumber: null,
  createdAt: '',
  lastLoginAt: null,
};
const TOKENS = { accessToken: 'a.b.c', refreshToken: 'x.1.y', expiresIn: 900, refreshExpiresIn: 9000 };
const REPLIES: Readonly<Record<string, object>> = {
  '/v1/mini-program/login': { ...TOKENS, user: USER, identity: {}, isNewUser: true },
  '/v1/users/me': USER,
  '/v1/users/me/sessions': { items: [], nextCursor: null },
  '/v1/mini-program/web-view-tickets': { ticket: 't1' },
  '/orders': [{ id: 1, name: 'tea' }],
};

type Data = Record<string, unknown>;
type Functions = Record<string, (...words: unknown[]) => unknown>;
type Options = Data & Functions;

interface Call {
  readonly url: string;
  readonly success: (reply: object) => void;
}

/** The page that the README prints. */
const [PRINTED = ''] = [...readFileSync(`${EXAMPLE}README.md`, 'utf8').matchAll(/^```js\n([^]*?)^```/gm)].map(
  ([, code]) => code,
);
const sources = new Map([['pages/orders/orders.js', PRINTED]]);

/** The phone of an early base library: what it can do besides is not there. */
const OLD_PHONE = {
  login: ({ success }: { success: (result: object) => void }) => setImmediate(() => success({ code: 'c1' })),
  request: ({ url, success }: Call) =>
    setImmediate(() => success({ statusCode: 200, data: REPLIES[url.replace(/^https?:\/\/[^/]+/, '')] })),
  getStorageSync: () => '',
  setStorageSync: () => undefined,
  removeStorageSync: () => undefined,
};

describe('in a mini program that has WeChat’s functions and nothing of Node.js or a browser, the example', () => {
  const registered: { app?: Options; page?: Options; components: Options[] } = { components: [] };
  let load: (path: string) => unknown;

  beforeEach(() => {
    const context = createContext({
      wx: OLD_PHONE,
      console,
      setTimeout,
      clearTimeout,
      App: (options: Options) => (registered.app = options),
      Page: (options: Options) => (registered.page = options),
      Component: (options: Options) => registered.components.push(options),
    });
    const modules = new Map<string, { exports: unknown }>();
    load = (path) => {
      const file = path.replace(/(\.js)?$/, '.js');
      const known = modules.get(file);
      if (known) return known.exports;
      const module = { exports: {} };
      modules.set(file, module);
      const script = new Script(
        `(function (require, module, exports) {${sources.get(file) ?? readFileSync(EXAMPLE + file, 'utf8')}\n})`,
        { filename: file },
      );
      const run = script.runInContext(context) as (...words: unknown[]) => void;
      run((target: string) => load(posix.join(posix.dirname(file), target)), module, module.exports);
      return module.exports;
    };
    load('app');
    registered.app?.onLaunch?.call(registered.app, {});
  });

  /** Opens a page. @returns its data */
  async function open(path: string): Promise<Data> {
    load(path);
    const { page } = registered;
    if (!page) throw new Error(`${path} registers no page`);
    const data: Data = { ...(page.data as unknown as Data) };
    const setData = (changes: Data) => void Object.assign(data, JSON.parse(JSON.stringify(changes)));
    const instance = { ...page, data, setData };
    await page.onLoad?.call(instance);
    await page.onShow?.call(instance);
    return data;
  }

  test.each(PAGES)('opens %s', async (path) => {
    const data = await open(path);
    expect(data.problem ?? null).toBeNull();
    expect(data.busy ?? false).toBe(false);
  });

  test('opens the page that the README prints', async () => {
    expect(await open('pages/orders/orders')).toMatchObject({
      busy: false,
      orders: [{ id: 1, name: 'tea' }],
    });
  });

  test('registers its components', () => {
    for (const name of ['problem', 'privacy', 'scan-confirm']) load(`components/${name}/${name}`);
    expect(registered.components).toHaveLength(3);
  });
});
