/*
 * Entry point: `node --max-semi-space-size=16 dist/main.js`; V8 takes that option at its start only. Nothing but Node's
 * own modules is imported statically: it would be loaded before the version of Node is checked, and an older Node would
 * fail in it with a stack that names no version.
 */
import { existsSync } from 'node:fs';

/** All modules and packages in one file, after `npm run build`. `npm run dev` has none, so that a stack names modules. */
const BUNDLE = new URL('./bundle/start.js', import.meta.url);

/**
 * First supported minor version of each release line, as in `engines` of package.json. Later major versions
 * are supported, too.
 */
const SUPPORTED: readonly (readonly [number, number])[] = [
  [20, 19],
  [22, 13],
  [24, 11],
];

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 24 || SUPPORTED.some(([line, first]) => line === major && minor >= first);
}

if (isSupported(process.versions.node)) {
  const start = existsSync(BUNDLE) ? import(BUNDLE.href) : import('./start.js');
  start.catch((error: unknown) => {
    const code = (error as { code?: string }).code;
    const isFiles = code === 'EMFILE' || code === 'ENFILE';
    const line = isFiles ? 'There are too few file descriptors: raise the limit (ulimit -n).' : String(error);
    process.stderr.write(`${line}\n`);
    process.exit(1);
  });
} else {
  process.stderr.write(
    `Node.js ${process.versions.node} is too old or has no long-term support: 20.19, 22.13, 24.11 or later is needed.\n`,
  );
  process.exit(1);
}
