import { readFileSync } from 'node:fs';

/** Where scripts/pages.mjs writes the bundles: seen from `src` and from `dist` alike. */
const BUNDLES = new URL('../../../dist/pages/', import.meta.url);

/** Bundles of the browser code: one for each entry point in `browser/`. */
export type PageAsset = 'page.css' | 'login.css' | 'login.js' | 'relay.js' | 'result.js';

/**
 * The text of a bundle, minified.
 * @throws Error where it is missing: the build was not run
 */
export function pageAsset(name: PageAsset): string {
  try {
    return readFileSync(new URL(name, BUNDLES), 'utf8').trim();
  } catch (cause) {
    throw new Error(`The hosted pages are not built (dist/pages/${name}): run \`npm run build\`.`, { cause });
  }
}
