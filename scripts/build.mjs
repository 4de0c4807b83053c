// `npm run build`: the service with its hosted pages to `dist` and the sandbox to `sandbox/dist`, in parallel. It checks
// no types. `node scripts/build.mjs service` or `sandbox` builds one of them. `--development` is for `npm run dev`: it makes
// source maps of the hosted pages, and no bundle, so that a stack names the module.
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile } from './compile.mjs';

const ROOT = dirname(import.meta.dirname);

const words = process.argv.slice(2);
const isDevelopment = words.includes('--development');
const named = words.filter((word) => !word.startsWith('--'));

/** Imported where they are needed: an image of one part has no program of the other. */
const load = (program) => import(pathToFileURL(join(import.meta.dirname, program)).href);

/** How each part is built. They return whether they succeeded. */
const BUILDS = {
  async service() {
    const { default: bundlePages } = await load('pages.mjs');
    const { bundle, removeBundle } = await load('bundle.mjs');
    const isBundle = (file) => /^(browser|bundle)\//.test(file);
    const [isCompiled] = await Promise.all([
      compile(ROOT, { decorators: true, sourceMaps: true, isKept: isBundle }),
      bundlePages({ sourceMaps: isDevelopment }),
    ]);
    if (isDevelopment || !isCompiled) removeBundle(ROOT);
    else await bundle(ROOT);
    return isCompiled;
  },
  async sandbox() {
    const { default: buildSandbox } = await load('../sandbox/scripts/build.mjs');
    return buildSandbox();
  },
};

const succeeded = await Promise.all(
  (named.length > 0 ? named : Object.keys(BUILDS)).map((name) => BUILDS[name]()),
);
if (!succeeded.every(Boolean)) process.exitCode = 1;
