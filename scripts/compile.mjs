// Compiles what changed of a TypeScript project to JavaScript, and removes what has no source any more. It reads no types:
// `npm run check` checks them. docs/decisions/066-a-start-loads-what-it-needs.md
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

const require = createRequire(import.meta.url);

/** In the output: which sources it was made from. */
const RECORD = '.compiled.json';

/** The options of tsconfig.json that change what the code does. Here and in the module hooks of the tests. */
export const swcOptions = ({ decorators }) => ({
  swcrc: false,
  jsc: {
    parser: { syntax: 'typescript', decorators },
    transform: decorators
      ? { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false }
      : { useDefineForClassFields: true },
    target: 'es2022',
  },
  module: { type: 'es6' },
});

/**
 * Compiles `src` of a folder to its `dist`; not a folder in it that has a tsconfig.json of its own.
 * @param options.decorators whether its classes have decorators, as Nest's
 * @param options.sourceMaps whether they are written
 * @param options.isKept whether an output, by its path in `dist`, is that of another program
 * @returns whether every file could be compiled; what could not is printed
 */
export async function compile(folder, { decorators = false, sourceMaps = false, isKept = () => false } = {}) {
  const output = join(folder, 'dist');
  const options = { ...swcOptions({ decorators }), sourceMaps };
  const files = filesIn(join(folder, 'src'));
  const excluded = files.filter((file) => file.endsWith('/tsconfig.json')).map(dirname);
  const sources = files.filter(
    (file) => /(?<!\.d)\.ts$/.test(file) && !excluded.some((each) => file.startsWith(`${each}/`)),
  );
  const texts = new Map(sources.map((file) => [file, readFileSync(join(folder, 'src', file), 'utf8')]));
  const version = `${require('@swc/core/package.json').version} ${JSON.stringify(options)}`;
  const digests = Object.fromEntries(
    [...texts].map(([file, text]) => [file, createHash('sha256').update(version).update(text).digest('hex')]),
  );

  const record = join(output, RECORD);
  const outputs = new Set(existsSync(output) ? filesIn(output) : []);
  const compiled = outputs.has(RECORD) ? digestsIn(readFileSync(record, 'utf8')) : {};
  const changed = sources.filter(
    (file) => compiled[file] !== digests[file] || !outputs.has(file.replace(/ts$/, 'js')),
  );
  for (const file of outputs) {
    const source = file.replace(/\.(d\.ts|js|js\.map)$/, '.ts');
    if (!file.startsWith(RECORD) && !isKept(file) && !texts.has(source)) {
      rmSync(join(output, file), { force: true });
    }
  }
  if (changed.length === 0) return true;

  // Absent while files are written: what an interrupted build has left is compiled again.
  rmSync(record, { force: true });
  const { transform } = require('@swc/core');
  const results = await Promise.allSettled(
    changed.map(async (file) => {
      const target = join(output, file.replace(/ts$/, 'js'));
      // As a source map names it: from the compiled file.
      const sourceFileName = relative(dirname(target), join(folder, 'src', file)).replaceAll(sep, '/');
      const { code, map } = await transform(texts.get(file), { ...options, filename: file, sourceFileName });
      mkdirSync(dirname(target), { recursive: true });
      if (map) writeFileSync(`${target}.map`, map);
      writeFileSync(
        target,
        map ? `${code}//# sourceMappingURL=${file.split('/').at(-1).replace(/ts$/, 'js')}.map\n` : code,
      );
    }),
  );
  const failed = changed.filter((_, index) => results[index].status === 'rejected');
  for (const { status, reason } of results) if (status === 'rejected') console.error(reason.message);
  for (const file of failed) delete digests[file];
  // Two builds at once: each has a file of its own.
  const unfinished = `${record}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify(digests));
  renameSync(unfinished, record);
  return failed.length === 0;
}

/** What a record says; nothing where it was cut off, as by a full disk: then everything is compiled again. */
function digestsIn(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** @returns the paths of the files below a folder, with slashes */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
}
