// Builds the sandbox: compiles what changed in `src` to `dist`, and copies the files of its pages. With `--types`, which
// a package needs, the compiler of TypeScript checks it, too, and writes its declarations.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../../scripts/compile.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ASSET = /\.(html|css|svg|client\.js)$/;

/** @returns whether it succeeded */
export default async function buildSandbox({ types = false } = {}) {
  const isCompiled = await compile(ROOT, {
    isKept: (file) => ASSET.test(file) && existsSync(join(ROOT, 'src', file)),
  });
  cpSync(join(ROOT, 'src'), join(ROOT, 'dist'), {
    recursive: true,
    filter: (file) => ASSET.test(file) || statSync(file).isDirectory(),
  });
  return isCompiled && (!types || declare());
}

/** The compiler writes declarations whatever there is. @returns whether it found no error */
function declare() {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const words = [compiler, '-p', join(ROOT, 'tsconfig.json'), '--emitDeclarationOnly'];
  return spawnSync(process.execPath, words, { stdio: 'inherit' }).status === 0;
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = (await buildSandbox({ types: process.argv.includes('--types') })) ? 0 : 1;
}
