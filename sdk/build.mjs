// Builds the client packages into their `dist`: `node sdk/build.mjs [mini-program] [web] [node]`, without a name all.
// Each entry point becomes an ES module and a CommonJS module with type declarations. What entry points share is in
// files of its own, so that a class is the same one whichever entry point it comes from.
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { minify } from './minify.mjs';

const ROOT = import.meta.dirname;

/**
 * `target`: the oldest engines. Mini programs: base library 2.32.3 on iOS 12 and its like; websites: Chromium 80 and
 * Safari 14, as the hosted pages.
 */
const PACKAGES = {
  'mini-program': {
    entries: ['index'],
    target: 'es2018',
    // Neither public nor the platform's. They are in the stored state, so all builds abbreviate them in the same way.
    privateNames: { tokens: 't', leaving: 'l' },
    // To copy, and for "构建 npm" of WeChat's developer tools, which copies the folder that `miniprogram` names.
    singles: [
      { file: 'wechat-auth.js', format: 'cjs' },
      // For ES2018 it would be 350 bytes longer. The developer tools compile it to ES5 where they are told to.
      { file: 'wechat-auth.min.js', format: 'cjs', minify: true, target: 'es2020' },
      { file: 'miniprogram/index.js', format: 'cjs' },
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
    inCommonJs: ['jose'],
  },
};

/** Builds one package. */
async function buildPackage(name) {
  const { entries, target, singles, privateNames, inCommonJs = [] } = PACKAGES[name];
  const folder = join(ROOT, name);
  const output = join(folder, 'dist');
  const sources = entries.map((entry) => join(folder, 'src', `${entry}.ts`));
  const options = {
    bundle: true,
    charset: 'utf8',
    logLevel: 'warning',
    target,
    packages: 'external',
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
    toCommonJs(output, options, inCommonJs),
    ...singles.map((single) => writeSingle(name, folder, output, options, single)),
    declare(sources, output, join(folder, 'tsconfig.json')),
  ]);
}

/** Writes a package as one file. */
async function writeSingle(name, folder, output, options, single) {
  const { file, format, minify: isMinified = false, target = options.target } = single;
  const isModule = format === 'esm';
  const source = isModule ? { entryPoints: [join(folder, 'src', 'index.ts')] } : exportedByHand(folder);
  const { outputFiles } = await build({
    ...options,
    ...source,
    target,
    format,
    minify: isMinified,
    write: false,
  });
  const [{ text }] = outputFiles;
  const code = isMinified ? await minify(text, { isModule, target }) : text;
  const path = join(output, file);
  await mkdir(dirname(path), { recursive: true });
  // The minified file counts every byte.
  await writeFile(path, isMinified ? code : `/* @wechat-auth/${name}, Apache-2.0 */\n${code}`);
}

/** esbuild's own export code takes 500 of the 8,000 bytes that a mini program's file may have. */
function exportedByHand(folder) {
  const names = 'AuthError, createAuth';
  const contents = `import { ${names} } from './src/index.js';\nmodule.exports = { ${names} };`;
  return { stdin: { contents, resolveDir: folder, sourcefile: 'single.ts', loader: 'ts' } };
}

/**
 * Writes each ES module of a folder as a CommonJS module beside it. esbuild splits no CommonJS itself. `included`:
 * dependencies that become a part of it, with their licenses beside it.
 */
async function toCommonJs(folder, options, included) {
  const modules = (await readdir(folder)).filter((file) => file.endsWith('.js'));
  const neighbours = {
    name: 'neighbours',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\/.*\.js$/ }, ({ path, resolveDir }) =>
        resolveDir === folder ? { path: path.replace(/\.js$/, '.cjs'), external: true } : undefined,
      );
      onResolve({ filter: /^[^.]/ }, ({ path }) =>
        included.includes(path) ? { path: fileURLToPath(import.meta.resolve(path)) } : undefined,
      );
    },
  };
  await build({
    ...options,
    entryPoints: modules.map((file) => join(folder, file)),
    outdir: folder,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    plugins: [neighbours],
  });
  for (const name of included) {
    await copyFile(join(ROOT, '../node_modules', name, 'LICENSE.md'), join(folder, `LICENSE.${name}.md`));
  }
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
