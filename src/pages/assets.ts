import { readFileSync } from 'node:fs';

/** Where scripts/pages.mjs writes the bundles: seen from `src` and from `dist` alike. */
const BUNDLES = new URL('../../dist/browser/', import.meta.url);

/**
 * The text of a bundle, minified.
 * @param name of an entry point of scripts/pages.mjs
 * @throws Error where it is missing: the build was not run
 */
export function pageAsset(name: `${string}.${'css' | 'js'}`): string {
  try {
    return readFileSync(new URL(name, BUNDLES), 'utf8').trim();
  } catch (cause) {
    throw new Error(`The hosted pages are not built (dist/browser/${name}): run \`npm run build\`.`, {
      cause,
    });
  }
}
