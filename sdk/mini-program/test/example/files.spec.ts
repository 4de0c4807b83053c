import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { EXAMPLE } from './program.js';

const require = createRequire(import.meta.url);

const read = (path: string): string => readFileSync(join(EXAMPLE, path), 'utf8');
const json = (path: string): Record<string, unknown> => JSON.parse(read(path)) as Record<string, unknown>;
const files = readdirSync(EXAMPLE, { recursive: true, encoding: 'utf8' }).filter(
  (path) => !path.startsWith('lib/'),
);
const ending = (name: string): string[] => files.filter((path) => path.endsWith(name));
/** Pages and components, without ending. */
const screens = ending('.wxml').map((path) => path.replace(/\.wxml$/, ''));
const app = json('app.json');

type Texts = Readonly<Record<string, unknown>>;
const [zh, en] = ['zh', 'en'].map((language) => require(join(EXAMPLE, `texts/${language}.js`)) as Texts);

/** Paths of all texts below a value. */
function keysOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, each]) => keysOf(each, path ? `${path}.${key}` : key));
}

describe('the files of the example', () => {
  test('app.json lists the pages that exist, the first one first', () => {
    expect([...(app.pages as string[])].sort()).toEqual(
      screens.filter((path) => path.startsWith('pages/')).sort(),
    );
    expect((app.pages as string[])[0]).toBe('pages/index/index');
  });

  test.each(screens)('%s has script, configuration and style', (path) => {
    for (const kind of ['js', 'json', 'wxss'])
      expect(existsSync(join(EXAMPLE, `${path}.${kind}`))).toBe(true);
    expect(json(`${path}.json`).component ?? false).toBe(path.startsWith('components/'));
  });

  test.each(screens)('%s uses components that exist, and exactly these', (path) => {
    const used = (json(`${path}.json`).usingComponents ?? {}) as Record<string, string>;
    for (const target of Object.values(used)) {
      const file = target.startsWith('/') ? target : join('/', dirname(path), target);
      expect(existsSync(join(EXAMPLE, `${file}.wxml`))).toBe(true);
    }
    const own = ['problem', 'privacy', 'scan-confirm'];
    const tags = [...read(`${path}.wxml`).matchAll(/<([\w-]+)/g)].map(([, tag]) => tag ?? '');
    expect(Object.keys(used).sort()).toEqual([...new Set(tags.filter((tag) => own.includes(tag)))].sort());
  });

  test.each(screens)('%s has each handler that its template names', (path) => {
    const handlers = [...read(`${path}.wxml`).matchAll(/\s(?:bind|catch)[\w:]+="(\w+)"/g)].map(
      ([, name]) => name,
    );
    const script = read(`${path}.js`);
    for (const handler of handlers) expect(script).toMatch(new RegExp(`^ +(async )?${handler}\\(`, 'm'));
  });

  test('requires files of its own only', () => {
    for (const path of ending('.js'))
      for (const [, target = ''] of read(path).matchAll(/require\('([^']+)'\)/g)) {
        expect(target).toMatch(/^\.\.?\/.*\.js$/);
        expect(relative(EXAMPLE, join(EXAMPLE, dirname(path), target))).not.toMatch(/^\.\./);
        expect(existsSync(join(EXAMPLE, dirname(path), target))).toBe(true);
      }
  });

  test('loads nothing from another host', () => {
    for (const path of [...ending('.wxml'), ...ending('.wxss')])
      expect(read(path)).not.toMatch(/https?:|\/\//);
  });

  // The compiler of WeChat's developer tools is a program for x64.
  (process.arch === 'x64' ? test : test.skip)("WeChat's compiler accepts the templates", () => {
    const { wxmlToJs } = require('miniprogram-compiler') as { wxmlToJs: (root: string) => string };
    const compiled = wxmlToJs(EXAMPLE);
    for (const path of screens) expect(compiled).toContain(`${path}.wxml`);
  });

  test('declares what needs the location', () => {
    const permission = app.permission as Record<string, { desc: string }>;
    // wechat-api.md 7.3: WeChat shows at most 30 characters.
    expect(permission['scope.userLocation']?.desc).toMatch(/^.{1,30}$/);
    expect(app.requiredPrivateInfos).toEqual(['getLocation']);
  });
});

describe('the texts of the example', () => {
  test('are there in both languages', () => {
    expect(keysOf(en, '')).toEqual(keysOf(zh, ''));
  });

  test.each([
    ['zh', zh, /\p{Script=Han}/u],
    ['en', en, /^[^\p{Script=Han}]*[A-Za-z][^\p{Script=Han}]*$/u],
  ])('are in their language: %s', (_, texts, language) => {
    const values = keysOf(texts, '').map((key) =>
      key.split('.').reduce<unknown>((value, part) => (value as Texts)[part], texts),
    );
    for (const value of values) expect(value).toMatch(language);
  });

  /** Texts that a page or component names, as `part.key`. */
  const named = screens.flatMap((path) => {
    const script = read(`${path}.js`);
    const part = /texts\('(\w+)'\)/.exec(script)?.[1] ?? '';
    return [...(script + read(`${path}.wxml`)).matchAll(/\bt\.([a-z]\w*(?:\.[a-z]\w*)*)/g)].map(
      ([, key]) => `${part}.${key}`,
    );
  });
  const all = keysOf(zh, '');

  test('exist where a page names them', () => {
    for (const key of named)
      expect(all.some((each) => each === key || each.startsWith(`${key}.`))).toBe(true);
  });

  test('are all named by a page or component', () => {
    // problem.js names those of errors.
    const used = [...named, 'problem.loginNeeded', 'problem.unexpected'];
    expect(all.filter((each) => !used.some((key) => each === key || each.startsWith(`${key}.`)))).toEqual([]);
  });
});
