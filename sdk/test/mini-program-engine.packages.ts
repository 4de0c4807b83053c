import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { MINI_PROGRAM_GLOBALS as GLOBALS, unknownIn } from './engine.js';
import { installed } from './project.js';

const FILES = [
  ['index.js', 2018, 'module'],
  ['index.cjs', 2018, 'script'],
  ['wechat-auth.js', 2018, 'script'],
  // For a project whose developer tools compile it: sdk/build.mjs.
  ['wechat-auth.min.js', 2020, 'script'],
  ['miniprogram/index.js', 2018, 'script'],
  ['user-key.js', 2018, 'module'],
  ['user-key.cjs', 2018, 'script'],
  ['wechat-auth-user-key.js', 2018, 'script'],
  ['wechat-auth-user-key.min.js', 2020, 'script'],
  ['miniprogram/user-key.js', 2018, 'script'],
] as const;

describe('a mini program has neither browser nor Node.js', () => {
  test.each(FILES)('%s is ES%i and uses no global that mini programs lack', (file, edition, sourceType) => {
    const code = readFileSync(join(installed('@wechat-auth/mini-program'), 'dist', file), 'utf8');
    expect(unknownIn(code, edition, sourceType, GLOBALS)).toEqual([]);
  });

  test.each([
    ['new URL(address)', "'URL' is not defined."],
    ['window.fetch(address)', "'window' is not defined."],
    ['const { a, ...rest } = process.env', "'process' is not defined."],
    ['globalThis.crypto.getRandomValues(bytes)', "'globalThis' is not defined."],
    ['queueMicrotask(run)', "'queueMicrotask' is not defined."],
    ['BigInt(16)', "'BigInt' is not defined."],
    ['new WeakRef(owner)', "'WeakRef' is not defined."],
    ['user?.id', 'Parsing error: Unexpected token .'],
    ['try { run() } catch { }', 'Parsing error: Unexpected token {'],
  ])('%s would be found', (code, message) => {
    expect(
      unknownIn(`(function (address, bytes, run, owner, user) { ${code} })`, 2018, 'script', GLOBALS).join(),
    ).toContain(message);
  });
});
