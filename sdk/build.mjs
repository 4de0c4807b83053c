// Builds the client packages into their `dist`: `node sdk/build.mjs [mini-program] [web] [node]`, without a name all.
// Each entry point becomes an ES module and a CommonJS module, each with its type declarations in one file.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

const ROOT = import.meta.dirname;

/**
 * `target`: the oldest engines. Mini programs: base library 2.32.3 on iOS 12 and its like; websites: Chromium 80 and
 * Safari 14, as the hosted pages.
 */
const PACKAGES = {
  'mini-program': {
    entries: ['index'],
    target: 'es2018',
    // To copy, and for "构建 npm" of WeChat's developer tools, which copies the folder that `miniprogram` names.
    singles: [
      { file: 'wechat-auth.js', format: 'cjs' },
      { file: 'wechat-auth.min.js', format: 'cjs', minify: true },
      { file: 'miniprogram/index.js', format: 'cjs' },
    ],
  },
  web: {
    entries: ['index'],
    target: 'es2020',
    singles: [{ file: 'wechat-auth.min.js', format: 'esm', minify: true }],
  },
  node: { entries: ['index', 'nest', 'express', 'fastify', 'koa'], target: 'node20', singles: [] },
};

/** Builds one package. @param folder of the package; @param output its `dist` */
async function buildPackage(name) {
  const { entries, target, singles } = PACKAGES[name];
  const folder = join(ROOT, name);
  const output = join(folder, 'dist');
  const sourceOf = (entry) => join(folder, 'src', `${entry}.ts`);
  const entryPoints = Object.fromEntries(entries.map((entry) => [entry, sourceOf(entry)]));
  const shared = { bundle: true, charset: 'utf8', logLevel: 'warning', target, packages: 'external' };

  await rm(output, { recursive: true, force: true });
  await Promise.all([
    build({ ...shared, entryPoints, outdir: output, format: 'esm', splitting: entries.length > 1 }),
    build({ ...shared, entryPoints, outdir: output, format: 'cjs', outExtension: { '.js': '.cjs' } }),
    ...singles.map(({ file, format, minify = false }) =>
      build({
        ...shared,
        entryPoints: [sourceOf('index')],
        outfile: join(output, file),
        format,
        minify,
        banner: { js: `/* @wechat-auth/${name}, Apache-2.0 */` },
      }),
    ),
  ]);
  await declare(folder, entryPoints, output);
}

/** Writes `<entry>.d.ts` and the same as `<entry>.d.cts`. */
async function declare(folder, entryPoints, output) {
  await mkdir(output, { recursive: true });
  for (const [entry, input] of Object.entries(entryPoints)) {
    const bundle = await rollup({
      input,
      plugins: [dts({ tsconfig: join(folder, 'tsconfig.json') })],
      external: /^[^./]/,
      onwarn: () => {},
    });
    const { output: chunks } = await bundle.generate({ format: 'es' });
    await bundle.close();
    for (const ending of ['d.ts', 'd.cts'])
      await writeFile(join(output, `${entry}.${ending}`), chunks[0].code);
  }
}

const words = process.argv.slice(2);
for (const name of words.length > 0 ? words : Object.keys(PACKAGES)) await buildPackage(name);
