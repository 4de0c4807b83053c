import { cpSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Person, World } from '../../test/harness/world.js';
import type { Auth } from '../mini-program/src/types.js';
import { MINI_PROGRAM_GLOBALS, unknownIn } from './engine.js';
import { installed, Project } from './project.js';
import { createWx, type Wx } from './wx.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

/** Runs a mini program in an engine that has nothing but ES and the platform. @returns what it gave to `App` */
function launch(code: (context: object) => unknown, platform: object): Auth {
  let app: { auth: Auth } | undefined;
  const context = createContext({
    ...platform,
    App: (options: { auth: Auth }) => (app = options),
    setTimeout,
    clearTimeout,
  });
  code(context);
  if (!app) throw new Error('the mini program has not called App');
  return app.auth;
}

/** The bundle of a framework. */
async function bundled(name: string, file: string, alias: Record<string, string> = {}): Promise<string> {
  const project = await Project.copyOf(name);
  await project.write('config.js', `export const baseUrl = '${world.url}';`);
  const code = await project.bundle(file, {
    // What webpack takes where the target is no browser.
    mainFields: ['module', 'main'],
    conditions: ['import', 'module'],
    format: 'iife',
    target: 'es2015',
    alias,
  });
  // Phones on which the developer tools do not compile the bundle again.
  expect(unknownIn(code, 2015, 'script', [...MINI_PROGRAM_GLOBALS, 'uni'])).toEqual([]);
  return code;
}

/** Loads CommonJS modules as a mini program does: relative files, and packages from `miniprogram_npm`. */
function requireIn(project: Project, context: object): (file: string) => unknown {
  const loaded = new Map<string, { exports: unknown }>();
  const load = (file: string): unknown => {
    const module = loaded.get(file) ?? { exports: {} };
    if (loaded.has(file)) return module.exports;
    loaded.set(file, module);
    const require = (name: string): unknown =>
      load(
        name.startsWith('.') ? join(dirname(file), name) : project.path(`miniprogram_npm/${name}/index.js`),
      );
    const define = runInContext(
      `(function (require, module, exports) {${readFileSync(file, 'utf8')}\n})`,
      context,
    ) as (...words: unknown[]) => void;
    define(require, module, module.exports);
    return module.exports;
  };
  return (file) => load(project.path(file));
}

async function nativeProject(): Promise<Project> {
  const project = await Project.copyOf('native');
  await project.write('config.js', `exports.baseUrl = '${world.url}';`);
  return project;
}

type Launch = (wx: Wx) => Promise<Auth>;

const KINDS: readonly (readonly [name: string, launch: Launch])[] = [
  [
    'a native mini program after "构建 npm"',
    async (wx) => {
      const project = await nativeProject();
      const name = '@wechat-auth/mini-program';
      const { miniprogram } = JSON.parse(readFileSync(join(installed(name), 'package.json'), 'utf8')) as {
        miniprogram: string;
      };
      // The developer tools copy the folder that `miniprogram` names, and nothing else.
      cpSync(join(installed(name), miniprogram), project.path(`miniprogram_npm/${name}`), {
        recursive: true,
      });
      return launch((context) => requireIn(project, context)('app.js'), { wx: wx.api });
    },
  ],
  [
    'a native mini program with the single file',
    async (wx) => {
      const project = await nativeProject();
      const file = 'wechat-auth.min.js';
      cpSync(join(installed('@wechat-auth/mini-program'), 'dist', file), project.path(`lib/${file}`));
      return launch((context) => requireIn(project, context)('copied.js'), { wx: wx.api });
    },
  ],
  [
    'Taro',
    async (wx) => {
      const code = await bundled('taro', 'app.js', { '@tarojs/taro': './taro.js' });
      return launch((context) => runInContext(code, context), { wx: wx.api });
    },
  ],
  [
    'uni-app',
    async (wx) => {
      const code = await bundled('uni-app', 'main.js');
      return launch((context) => runInContext(code, context), { uni: wx.api });
    },
  ],
];

describe.each(KINDS)('%s', (_name, launchWith) => {
  let person: Person;
  let wx: Wx;
  let auth: Auth;
  beforeAll(async () => {
    person = await world.person();
    wx = createWx(world, person);
    auth = await launchWith(wx);
  });

  test('logs in silently at the first call, once for callers at the same time', async () => {
    const replies = await Promise.all([1, 2, 3].map(() => auth.request({ url: '/v1/users/me' })));
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
    expect(wx.logins()).toBe(1);
    expect(await auth.getUser()).toMatchObject({ id: auth.user?.id });
  });

  test('refreshes an access token that has expired, and repeats the call', async () => {
    await world.pass(20 * 60);
    expect(await auth.request({ url: '/v1/users/me' })).toMatchObject({ statusCode: 200 });
    expect(wx.logins()).toBe(1);
  });

  test('rejects with AuthError after a logout, and logs in again when asked to', async () => {
    await auth.logout();
    await expect(auth.request({ url: '/v1/users/me' })).rejects.toMatchObject({
      name: 'AuthError',
      code: 'LOGGED_OUT',
      advice: { zh: expect.stringMatching(/./), en: expect.stringMatching(/./) },
    });
    expect(wx.logins()).toBe(1);
    expect((await auth.login()).isNewUser).toBe(false);
  });
});
