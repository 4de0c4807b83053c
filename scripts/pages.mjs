// Bundles the browser code of the hosted pages into dist/browser: one file for each entry point, minified.
// `--source-maps` adds inline source maps, for `npm run dev`. Tests run it, too.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { build } from 'esbuild';

const ROOT = dirname(import.meta.dirname);
const OUTPUT = join(ROOT, 'dist/browser');
/** Entry points by folder. They import the other modules and style sheets; no two have the same name. */
const ENTRY_POINTS = {
  'src/pages/browser': ['page.css'],
  'src/partner/pages/browser': ['account-page.css', 'account-page.ts', 'consent.css'],
  'src/web-qr-login/pages/browser': ['login.css', 'login.ts', 'relay.ts', 'result.ts'],
};

export default async function bundlePages({ sourceMaps = false } = {}) {
  const { outputFiles } = await build({
    entryPoints: Object.entries(ENTRY_POINTS).flatMap(([folder, names]) =>
      names.map((name) => ({ in: join(ROOT, folder, name), out: parse(name).name })),
    ),
    outdir: OUTPUT,
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    charset: 'utf8',
    // Chromium 80 and Safari 14; WeChat's own browsers are newer.
    target: 'es2020',
    sourcemap: sourceMaps ? 'inline' : false,
    logLevel: 'warning',
  });
  await mkdir(OUTPUT, { recursive: true });
  await Promise.all(outputFiles.map(({ path, contents }) => replace(path, contents)));
}

/** Writes a file atomically, and only if it differs: a concurrent test run may be reading it. */
async function replace(path, contents) {
  const present = await readFile(path).catch(() => null);
  if (present?.equals(contents)) return;
  const unfinished = join(OUTPUT, `.${basename(path)}.${process.pid}`);
  await writeFile(unfinished, contents);
  await rename(unfinished, path);
}

if (process.argv[1] === import.meta.filename) {
  await bundlePages({ sourceMaps: process.argv.includes('--source-maps') });
}
