// `npm run build`: the service with its hosted pages to `dist` and the sandbox to `sandbox/dist`, in parallel. It checks
// no types. `node scripts/build.mjs service` or `sandbox` builds one of them; `--source-maps` is for scripts/pages.mjs.
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile } from './compile.mjs';

const ROOT = dirname(import.meta.dirname);

const words = process.argv.slice(2);
const sourceMaps = words.includes('--source-maps');
const named = words.filter((word) => !word.startsWith('--'));

/** Imported where they are needed: an image of one part has no program of the other. */
const load = (program) => import(pathToFileURL(join(import.meta.dirname, program)).href);

/** How each part is built. They return whether they succeeded. */
const BUILDS = {
  async service() {
    const { default: bundlePages } = await load('pages.mjs');
    const isBundle = (file) => file.startsWith('browser/');
    const [isCompiled] = await Promise.all([
      compile(ROOT, { decorators: true, sourceMaps: true, isKept: isBundle }),
      bundlePages({ sourceMaps }),
    ]);
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
