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
  });

  test('the files for mini programs export what the package exports', async () => {
    const project = await Project.empty({ type: 'commonjs' });
    const dist = join(installed('@wechat-auth/mini-program'), 'dist');
    const singles = ['wechat-auth.js', 'wechat-auth.min.js', 'miniprogram/index.js'];
    await project.write(
      'singles.js',
      `const { readFileSync } = require('node:fs');
      const exported = ${JSON.stringify(singles.map((file) => join(dist, file)))}.map((file) => {
        const module = { exports: {} };
        new Function('module', 'exports', readFileSync(file, 'utf8'))(module, module.exports);
        return Object.keys(module.exports).sort();
      });
      exported.push(Object.keys(require('@wechat-auth/mini-program')).sort());
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
