import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildSync, type Format } from 'esbuild';

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
  const blocks = [...blocksOf(page, 'js'), ...blocksOf(page, 'html')].filter((code) =>
    code.startsWith(begin),
  );
  if (blocks.length !== 1) throw new Error(`${page} has ${blocks.length} blocks that begin with ${begin}`);
  return blocks[0] ?? '';
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

/** A client package in one ES module, built from its source as sdk/build.mjs builds it. */
export function packageCode(name: 'mini-program' | 'web'): string {
  let code = bundles.get(name);
  if (code === undefined) {
    code = bundle({ entryPoints: [`sdk/${name}/src/index.ts`] }, 'esm');
    bundles.set(name, code);
  }
  return code;
}

/** Printed code for Node.js with `@wechat-auth/node` in it. Other imports stay. */
export function withNodePackage(code: string): string {
  return bundle({ stdin: { contents: code, resolveDir: resolve('.'), loader: 'ts' } }, 'esm');
}

function bundle(input: object, format: Format): string {
  const { outputFiles } = buildSync({
    ...input,
    bundle: true,
    write: false,
    format,
    charset: 'utf8',
    target: 'es2020',
    logLevel: 'warning',
    packages: 'external',
    alias: { '@wechat-auth/node': resolve('sdk/node/src/index.ts') },
  });
  return outputFiles[0]?.text ?? '';
}
