// Bundles the compiled service and its dependencies: a start then reads one file instead of 3,400. Migrations, the picture
// process and the scripts use the compiled modules. docs/decisions/073-a-start-reads-one-file.md
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

const require = createRequire(import.meta.url);

/** In the output: what it was made from. */
const RECORD = '.bundled.json';

/** Packages that find files of their own beside their code, or are compiled. */
const NOT_BUNDLED = ['better-sqlite3', 'sharp', 'swagger-ui-dist'];

/**
 * Packages that Nest imports when it needs them, and that belong inside: two have state and are imported by the service,
 * too. Nest calls any of them missing where it cannot be read, for want of file descriptors for example.
 */
const IMPORTED_BY_NEST = ['class-validator', 'class-transformer', '@fastify/static'];

/** How Nest's modules make a `require` of their own. */
const OWN_REQUIRE = /^const require = createRequire\(import\.meta\.url\);$/m;

/** At the head: what CommonJS modules expect to find, and `withNamesOfClasses` calls. */
const BANNER = `import { createRequire as createBundleRequire } from 'node:module';
const require = createBundleRequire(import.meta.url), { filename: __filename, dirname: __dirname } = import.meta;
const __nameOfClass = (type, value) => Object.defineProperty(type, 'name', { value, configurable: true });`;

/**
 * Writes `dist/bundle`, unless it is that of the compiled modules and the installed packages already.
 * @param folder the project; `dist` contains its compiled modules
 */
export async function bundle(folder) {
  const output = join(folder, 'dist/bundle');
  const record = join(output, RECORD);
  const digest = digestOf(folder);
  if (existsSync(record) && readFileSync(record, 'utf8') === digest) return;

  const { build } = require('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: ['dist/start.js'],
    outdir: output,
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Nest, TypeORM and the log use the names of classes.
    keepNames: true,
    legalComments: 'none',
    // Read by `node --enable-source-maps` only.
    sourcemap: 'linked',
    sourcesContent: false,
    banner: { js: BANNER },
    external: NOT_BUNDLED,
    plugins: [phoneNumbersWhenAsked, packagesOutside, ownLocation(folder, output), bundledRequires],
    logLevel: 'warning',
  });
  mkdirSync(output, { recursive: true });
  for (const { path, text } of outputFiles)
    replace(path, path.endsWith('.map') ? text : inAscii(withNamesOfClasses(text)));
  replace(record, digest);
}

/** Writes a file atomically: another build may write it too, and a service may be starting from it. */
function replace(path, text) {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, path);
}

/** Leaves no bundle: `dist/main.js` then starts the compiled modules. */
export function removeBundle(folder) {
  rmSync(join(folder, 'dist/bundle'), { recursive: true, force: true });
}

function digestOf(folder) {
  const made = ['dist/.compiled.json', 'node_modules/.package-lock.json']
    .map((file) => join(folder, file))
    .concat(import.meta.filename);
  const hash = createHash('sha256');
  for (const file of made) if (existsSync(file)) hash.update(readFileSync(file));
  return hash.digest('hex');
}

/**
 * Outside remain packages that are imported when they are first needed, and those that are not installed, such as the
 * driver of another database.
 */
const packagesOutside = {
  name: 'packages outside',
  setup(build) {
    build.onResolve({ filter: /^[@a-z][^:]*$/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind === 'dynamic-import' && !IMPORTED_BY_NEST.includes(path)) return { path, external: true };
      if (kind !== 'require-call' || pluginData === packagesOutside) return;
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: packagesOutside });
      return found.errors.length > 0 ? { path, external: true } : found;
    });
  },
};

/**
 * class-validator has a decorator for phone numbers, which nothing here uses. Its library would take 7 MB of memory; it is
 * loaded when such a property is validated.
 */
const phoneNumbersWhenAsked = {
  name: 'phone numbers when asked',
  setup(build) {
    const namespace = 'phone numbers when asked';
    build.onResolve({ filter: /^libphonenumber-js/ }, ({ path, namespace: from }) =>
      from === namespace ? { path, external: true } : { path, namespace },
    );
    build.onLoad({ filter: /./, namespace }, ({ path }) => ({
      contents: `exports.parsePhoneNumber = (...given) => require(${JSON.stringify(path)}).parsePhoneNumber(...given);`,
    }));
  },
};

/** A module of ours that asks for its own place gets that of the compiled module, from which it finds other files. */
const ownLocation = (folder, output) => ({
  name: 'own location',
  setup(build) {
    build.onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, async ({ path }) => {
      if (!path.startsWith(join(folder, 'dist', sep))) return;
      const code = await readFile(path, 'utf8');
      const place = JSON.stringify(relative(output, path).replaceAll(sep, '/'));
      return {
        contents: code.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`),
        resolveDir: dirname(path),
      };
    });
  },
});

/** A module of Nest that makes a `require` of its own would load packages a second time, from beside the bundle. */
const bundledRequires = {
  name: 'bundled requires',
  setup(build) {
    build.onLoad({ filter: /[\\/]@nestjs[\\/].*\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(OWN_REQUIRE, ''),
      resolveDir: dirname(path),
    }));
  },
};

/** Of the names that esbuild restores, only those of classes: functions that are made per request would cost time. */
function withNamesOfClasses(code) {
  return code
    .replaceAll('__name(this, ', '__nameOfClass(this, ')
    .replace(/^var __name = .*$/m, 'var __name = (target) => target;');
}

/** V8 keeps a text in one byte per character only if all of it is ASCII. esbuild leaves other characters in comments. */
function inAscii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
