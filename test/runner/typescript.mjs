// Module hooks of Node: import TypeScript as it stands in src/ and test/, and `@jest/globals` from globals.mjs.
// They run inside the thread of the tests (module.registerHooks) or in one of their own (module.register, Node 20).
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import swc from '@swc/core';
import { swcOptions } from '../../scripts/compile.mjs';

const ROOT = resolvePath(import.meta.dirname, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/wechat-auth-tests');
const ROOT_URL = new URL('../../', import.meta.url).href;
/** The harness, and what test files of a client package share. */
const OF_TESTS = /^(sdk\/([^/]+\/)?)?test\/(?!runner\/)/;
const GLOBALS = new URL('./globals.mjs', import.meta.url).href;

const OPTIONS = { ...swcOptions({ decorators: true }), sourceMaps: true };

/** A fault that scripts/mutants.mjs puts into one file. */
const MUTANT = process.env.TEST_MUTANT ? JSON.parse(process.env.TEST_MUTANT) : null;

const isTypeScript = (url) => url.startsWith('file:') && /\.ts(\?|$)/.test(url);

/** `./user.js` in a TypeScript file is `./user.ts`, as it is for tsc. */
export function resolve(specifier, context, next) {
  if (specifier === '@jest/globals') return { url: GLOBALS, format: 'module', shortCircuit: true };
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL && isTypeScript(context.parentURL)) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    // The harness is evaluated for each test file: it may ask at its top what the present run is on.
    if (OF_TESTS.test(source.href.replace(ROOT_URL, ''))) source.search = new URL(context.parentURL).search;
    if (existsSync(fileURLToPath(source))) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

export function load(url, context, next) {
  if (!isTypeScript(url)) return next(url, context);
  return { format: 'module', source: compile(fileURLToPath(url)), shortCircuit: true };
}

/** @returns the JavaScript of a TypeScript file, from the cache where the file has not changed */
function compile(path) {
  const source = sourceOf(path);
  const compiled = cached(path, source);
  if (!existsSync(compiled)) {
    const { code, map } = swc.transformSync(source, { ...OPTIONS, filename: path, sourceFileName: path });
    mkdirSync(CACHE, { recursive: true });
    // The map first: whoever finds the code relies on it.
    write(`${compiled}.map`, map);
    write(compiled, code);
  }
  return readFileSync(compiled, 'utf8');
}

/** @returns the source map of a TypeScript file that was imported, for stack traces */
export function sourceMapOf(path) {
  return `${cached(path, sourceOf(path))}.map`;
}

function sourceOf(path) {
  const source = readFileSync(path, 'utf8');
  if (MUTANT?.file !== path) return source;
  return source.slice(0, MUTANT.start) + MUTANT.by + source.slice(MUTANT.end);
}

function cached(path, source) {
  const key = createHash('sha256')
    .update(swc.version)
    .update(JSON.stringify(OPTIONS))
    .update(path)
    .update(source);
  return join(CACHE, `${key.digest('hex').slice(0, 32)}.js`);
}

/** In one step: workers share the cache. */
function write(path, content) {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, path);
}
