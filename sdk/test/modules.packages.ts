import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { installed, Project } from './project.js';

/** The names of package.json's `exports`, as a program imports them. */
function entriesOf(name: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(installed(name), 'package.json'), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  return Object.keys(exports)
    .filter((entry) => !entry.endsWith('.json'))
    .map((entry) => name + entry.slice(1));
}

const NAMES = ['@wechat-auth/mini-program', '@wechat-auth/web', '@wechat-auth/node'];
const ENTRIES = NAMES.flatMap(entriesOf);

/** Prints the names that each entry point exports. */
const ESM = `
const exported = {};
for (const name of ${JSON.stringify(ENTRIES)}) exported[name] = Object.keys(await import(name)).sort();
console.log(JSON.stringify(exported));`;
const COMMON_JS = `
const exported = {};
for (const name of ${JSON.stringify(ENTRIES)}) exported[name] = Object.keys(require(name)).sort();
console.log(JSON.stringify(exported));`;

type Exported = Readonly<Record<string, readonly string[]>>;

describe('each entry point of each package', () => {
  test('is imported as an ES module and required as CommonJS, without a warning, with the same exports', async () => {
    const project = await Project.empty();
    await project.write('esm.mjs', ESM);
    await project.write('common.cjs', COMMON_JS);

    const exported = project.run('esm.mjs') as Exported;
    expect(project.run('common.cjs') as Exported).toEqual(exported);
    expect(exported['@wechat-auth/mini-program']).toContain('createAuth');
  });

  test('has the class AuthError from one file', () => {
    for (const kind of [/\.js$/, /\.cjs$/, /\.d\.ts$/, /\.d\.cts$/]) {
      expect(filesWithClass('@wechat-auth/node', kind)).toBe(1);
    }
    for (const kind of [/^(?!wechat).*\.js$/, /\.cjs$/, /^(?!wechat).*\.d\.ts$/, /\.d\.cts$/]) {
      expect(filesWithClass('@wechat-auth/mini-program', kind)).toBe(1);
    }
  });

  test.each([
    ['', ['wechat-auth.js', 'wechat-auth.min.js', 'miniprogram/index.js']],
    ['/user-key', ['wechat-auth-user-key.js', 'wechat-auth-user-key.min.js', 'miniprogram/user-key.js']],
  ])('the files for mini programs export what the package exports: %s', async (entry, singles) => {
    const project = await Project.empty({ type: 'commonjs' });
    const dist = join(installed('@wechat-auth/mini-program'), 'dist');
    await project.write(
      'singles.js',
      `const { readFileSync } = require('node:fs');
      const { dirname, join } = require('node:path');
      // The packages' folder says that its files are ES modules.
      function load(file) {
        const module = { exports: {} };
        const beside = (name) => load(join(dirname(file), name));
        new Function('module', 'exports', 'require', readFileSync(file, 'utf8'))(module, module.exports, beside);
        return module.exports;
      }
      const files = ${JSON.stringify(singles.map((file) => join(dist, file)))};
      const exported = files.map((file) => Object.keys(load(file)).sort());
      exported.push(Object.keys(require('@wechat-auth/mini-program${entry}')).sort());
      console.log(JSON.stringify(exported));`,
    );
    const exported = project.run('singles.js') as string[][];
    for (const names of exported) expect(names).toEqual(exported.at(-1));
  });
});

/** How many files of a kind define AuthError. Two classes of the same name would fail `instanceof`. */
function filesWithClass(name: string, kind: RegExp): number {
  const dist = join(installed(name), 'dist');
  const files = readdirSync(dist).filter((file) => kind.test(file));
  return files.filter((file) =>
    /class AuthError|AuthError = class/.test(readFileSync(join(dist, file), 'utf8')),
  ).length;
}
