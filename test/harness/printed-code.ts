import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';

/** The code blocks of a page in one language, as printed. */
export function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(resolve(page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , code = '']) => code);
}

/**
 * A block of JavaScript or HTML.
 * @param begin how it begins
 * @throws Error unless the page has exactly one
 */
export function blockOf(page: string, begin: string): string {
  const blocks = ['js', 'ts', 'html'].flatMap((language) => blocksOf(page, language));
  const found = blocks.filter((code) => code.startsWith(begin));
  if (found.length !== 1) throw new Error(`${page} has ${found.length} blocks that begin with ${begin}`);
  return found[0] ?? '';
}

/** The blocks that name their file in the first line, by that name. */
export function filesOf(page: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const code of [...blocksOf(page, 'js'), ...blocksOf(page, 'html')]) {
    const path = /^(?:\/\/|<!--) ([\w/-]+\.(?:js|wxml))\b/.exec(code)?.[1];
    if (path !== undefined && !files.has(path)) files.set(path, code);
  }
  return files;
}

const bundles = new Map<string, string>();

/** The single file of a client package, built from its source as sdk/build.mjs builds it, but as an ES module. */
export function packageCode(name: 'mini-program' | 'web', entry = 'index'): string {
  const path = `sdk/${name}/src/${entry}.ts`;
  let code = bundles.get(path);
  if (code === undefined) {
    const target = name === 'web' ? 'es2020' : 'es2018';
    code = bundle({ entryPoints: [path], packages: 'bundle', minify: true, target });
    bundles.set(path, code);
  }
  return code;
}

/** Source by entry point. */
const NODE_ENTRIES = Object.fromEntries(
  ['index', 'express', 'fastify', 'koa', 'nest'].map((name) => [
    name === 'index' ? '@wechat-auth/node' : `@wechat-auth/node/${name}`,
    resolve(`sdk/node/src/${name}.ts`),
  ]),
);
/** Below node_modules of the tests, so that what the printed code imports is found. */
const FOLDER = resolve('test/node_modules/.cache/wechat-auth-printed-code');

/** Printed code for Node.js with `@wechat-auth/node` in it. Other imports stay. */
export function withNodePackage(code: string): string {
  return bundle({
    stdin: { contents: code, resolveDir: resolve('.'), loader: 'ts' },
    alias: NODE_ENTRIES,
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    target: 'node20',
  });
}

/** A program of `examples`, with `@wechat-auth/node` in it. @returns the path of the file to start */
export function exampleProgram(path: string): string {
  const code = bundle({ entryPoints: [resolve(path)], alias: NODE_ENTRIES, target: 'node20' });
  return written(code);
}

/** Writes code below node_modules, where what it imports is found. */
function written(code: string): string {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${randomUUID()}.mjs`);
  writeFileSync(file, code);
  return file;
}

/** Runs printed code for Node.js. @returns its exports */
export async function runInNode<Exports>(code: string): Promise<Exports> {
  const file = written(withNodePackage(code));
  try {
    return (await import(pathToFileURL(file).href)) as Exports;
  } finally {
    rmSync(file);
  }
}

/**
 * Lets `fetch` reach hosts that printed code and its libraries name.
 * @param hosts addresses by origin
 * @returns puts `fetch` back
 */
export function withHosts(hosts: Readonly<Record<string, string>>): () => void {
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    if (input instanceof Request) return fetch(input, init);
    const { origin, pathname, search } = new URL(input);
    return fetch(`${hosts[origin] ?? origin}${pathname}${search}`, init);
  };
  return () => void (globalThis.fetch = fetch);
}

function bundle(options: BuildOptions): string {
  const settings = { bundle: true, write: false, format: 'esm', charset: 'utf8' } as const;
  const { outputFiles } = buildSync({ packages: 'external', ...options, ...settings, logLevel: 'warning' });
  return outputFiles[0]?.text ?? '';
}
