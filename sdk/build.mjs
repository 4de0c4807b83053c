// Builds the client packages into their `dist`: `node sdk/build.mjs [mini-program] [web] [node]`, without a name all.
// Each entry point becomes an ES module and a CommonJS module with type declarations. What entry points share is in
// files of its own, so that a class is the same one whichever entry point it comes from.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { install } from '../scripts/install.mjs';
import { minify } from './minify.mjs';

install('sdk');
// These are there only now.
const { rollup } = await import('rollup');
const { dts } = await import('rollup-plugin-dts');

const ROOT = import.meta.dirname;
/** Where libraries are: those of sdk/, and those that a package names itself. */
const MODULES = [join(ROOT, 'node_modules'), join(ROOT, '../node_modules')];

/**
 * `target`: the oldest engines. Mini programs: base library 2.32.3 on iOS 12 and its like; websites: Chromium 80 and
 * Safari 14, as the hosted pages.
 */
const PACKAGES = {
  'mini-program': {
    entries: ['index', 'user-key'],
    target: 'es2018',
    // Declarations beside the files to copy.
    copied: [
      ['index', 'wechat-auth.d.ts'],
      ['user-key', 'wechat-auth-user-key.d.ts'],
    ],
    // Made for newer engines than these, so that no project could leave it as it is.
    included: { '@noble/ciphers': 'LICENSE' },
    // Neither public nor the platform's. They are in the stored state, so all builds abbreviate them in the same way.
    privateNames: { tokens: 't', leaving: 'l' },
    // To copy, and for "构建 npm" of WeChat's developer tools, which copies the folder that `miniprogram` names.
    singles: [
      { file: 'wechat-auth.js', format: 'cjs' },
      // For ES2018 it would be 350 bytes longer. The developer tools compile it to ES5 where they are told to.
      { file: 'wechat-auth.min.js', format: 'cjs', minify: true, target: 'es2020' },
      { file: 'miniprogram/index.js', format: 'cjs' },
      { file: 'wechat-auth-user-key.js', entry: 'user-key', beside: 'wechat-auth.js', format: 'cjs' },
      {
        file: 'wechat-auth-user-key.min.js',
        entry: 'user-key',
        beside: 'wechat-auth.min.js',
        format: 'cjs',
        minify: true,
        target: 'es2020',
      },
      { file: 'miniprogram/user-key.js', entry: 'user-key', beside: 'index.js', format: 'cjs' },
    ],
  },
  web: {
    entries: ['index'],
    target: 'es2020',
    singles: [{ file: 'wechat-auth.min.js', format: 'esm', minify: true }],
  },
  node: {
    entries: ['index', 'nest', 'express', 'fastify', 'koa'],
    target: 'node20',
    singles: [],
    // An ES module only. Jest requires none in a CommonJS project, which is what the command line of Nest makes.
    inCommonJs: { jose: 'LICENSE.md' },
  },
};

/** Builds one package. */
async function buildPackage(name) {
  const {
    entries,
    target,
    singles,
    privateNames,
    copied = [],
    included = {},
    inCommonJs = {},
  } = PACKAGES[name];
  const folder = join(ROOT, name);
  const output = join(folder, 'dist');
  const sources = entries.map((entry) => join(folder, 'src', `${entry}.ts`));
  const options = {
    bundle: true,
    charset: 'utf8',
    logLevel: 'warning',
    target,
    packages: 'external',
    plugins: [including(Object.keys(included))],
    ...(privateNames && {
      mangleProps: new RegExp(`^(${Object.keys(privateNames).join('|')})$`),
      mangleCache: privateNames,
    }),
  };

  await rm(output, { recursive: true, force: true });
  await build({
    ...options,
    entryPoints: sources,
    outdir: output,
    format: 'esm',
    splitting: true,
    chunkNames: 'shared-[hash]',
  });
  await Promise.all([
    toCommonJs(output, options, Object.keys(inCommonJs)),
    ...singles.map((single) => writeSingle(name, folder, output, options, single)),
    ...copied.map(([entry, file]) => declareCopied(folder, entry, join(output, file))),
    declare(sources, output, join(folder, 'tsconfig.json')),
    ...Object.entries({ ...included, ...inCommonJs }).map(([library, license]) =>
      copyFile(
        MODULES.map((modules) => join(modules, library, license)).find(existsSync),
        join(output, `LICENSE.${library.replace('@', '').replace('/', '-')}.md`),
      ),
    ),
  ]);
}

/** Makes libraries a part of what is built, although packages are external otherwise. */
function including(libraries) {
  return {
    name: 'including',
    setup({ onResolve }) {
      onResolve({ filter: /^[^.]/ }, ({ path }) => {
        const isIncluded = libraries.some((library) => path === library || path.startsWith(`${library}/`));
        return isIncluded ? { path: fileURLToPath(import.meta.resolve(path)) } : undefined;
      });
    },
  };
}

/** Writes an entry point as one file. `beside`: the file with AuthError, which is one class for both. */
async function writeSingle(name, folder, output, options, single) {
  const {
    file,
    format,
    entry = 'index',
    beside,
    minify: isMinified = false,
    target = options.target,
  } = single;
  const isModule = format === 'esm';
  const source = isModule
    ? { entryPoints: [join(folder, 'src', `${entry}.ts`)] }
    : exportedByHand(folder, entry);
  const { outputFiles } = await build({
    ...options,
    ...source,
    plugins: [...options.plugins, ...(beside ? [errorsOf(beside)] : [])],
    target,
    format,
    minify: isMinified,
    write: false,
  });
  const [{ text }] = outputFiles;
  const code = isMinified ? await minify(text, { isModule, target }) : text;
  const path = join(output, file);
  await mkdir(dirname(path), { recursive: true });
  // The minified file counts every byte, but says whose code is in it. esbuild has put `/*!` into a comment: (*! … *)
  const notices = text.match(/\(\*! .+ \*\)/g)?.map((notice) => `/*!${notice.slice(3, -2)}*/`) ?? [];
  const heading = isMinified ? [...new Set(notices)].join('\n') : `/* @wechat-auth/${name}, Apache-2.0 */`;
  await writeFile(path, heading + (heading && '\n') + code);
}

/** What a single file exports. */
const EXPORTED = {
  index: 'AuthError, createAuth',
  'user-key': 'AuthError, getLatestUserKey, openPayload, openPayloadBytes, sealPayload',
};

/** esbuild's own export code takes 500 of the 8,000 bytes that a mini program's file may have. */
function exportedByHand(folder, entry) {
  const names = EXPORTED[entry];
  const contents = `import { ${names} } from './src/${entry}.js';\nmodule.exports = { ${names} };`;
  return { stdin: { contents, resolveDir: folder, sourcefile: 'single.ts', loader: 'ts' } };
}

/** Takes AuthError from a file in the same folder. */
function errorsOf(file) {
  return {
    name: 'errors-of',
    setup({ onResolve }) {
      onResolve({ filter: /\/auth-error\.js$/ }, () => ({ path: `./${file}`, external: true }));
    },
  };
}

/**
 * Writes each ES module of a folder as a CommonJS module beside it. esbuild splits no CommonJS itself. `included`:
 * dependencies that become a part of it.
 */
async function toCommonJs(folder, options, included) {
  const modules = (await readdir(folder)).filter((file) => file.endsWith('.js'));
  const neighbours = {
    name: 'neighbours',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\/.*\.js$/ }, ({ path, resolveDir }) =>
        resolveDir === folder ? { path: path.replace(/\.js$/, '.cjs'), external: true } : undefined,
      );
    },
  };
  await build({
    ...options,
    entryPoints: modules.map((file) => join(folder, file)),
    outdir: folder,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    plugins: [neighbours, including(included)],
  });
}

/** Writes the declarations of an entry point as one file, for those who copy its code. */
async function declareCopied(folder, entry, file) {
  const input = join(folder, 'src', `${entry}.ts`);
  const bundle = await rollup({
    input,
    plugins: [dts({ tsconfig: join(folder, 'tsconfig.json') })],
    onwarn: () => {},
  });
  await bundle.write({ file, format: 'es' });
  await bundle.close();
}

/** Writes the declarations: `.d.ts` for the ES modules, `.d.cts` for CommonJS. */
async function declare(input, output, tsconfig) {
  const bundle = await rollup({ input, plugins: [dts({ tsconfig })], external: /^[^./]/, onwarn: () => {} });
  for (const ending of ['d.ts', 'd.cts']) {
    await bundle.write({
      dir: output,
      format: 'es',
      entryFileNames: `[name].${ending}`,
      chunkFileNames: `types-[hash].${ending}`,
    });
  }
  await bundle.close();
}

const words = process.argv.slice(2);
await Promise.all((words.length > 0 ? words : Object.keys(PACKAGES)).map(buildPackage));
