// Compiles what changed of a TypeScript project, and removes what the compiler would not write now.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/**
 * @param folder holds `src`, and `dist` with `.tsbuildinfo`
 * @param config name of its tsconfig
 * @param options.copied outputs that are copies of sources
 * @param options.foreign outputs of other programs
 * @returns whether it has no error
 */
export function compile(folder, config, { copied = /^$/, foreign = /^$/ }) {
  const output = join(folder, 'dist');
  // The compiler deletes nothing.
  const isStale = (file) => {
    if (foreign.test(file) || file.endsWith('.tsbuildinfo')) return false;
    const source = copied.test(file) ? file : file.replace(/\.(d\.ts|js|js\.map)$/, '.ts');
    return !existsSync(join(folder, 'src', source));
  };
  if (existsSync(output) && readdirSync(output, { recursive: true }).some(isStale))
    rmSync(output, { recursive: true });
  const words = [compiler, '--build', join(folder, config)];
  return spawnSync(process.execPath, words, { stdio: 'inherit' }).status === 0;
}

// As a program: the service, whose pages scripts/pages.mjs builds.
if (process.argv[1] === import.meta.filename) {
  process.exitCode = compile('.', 'tsconfig.build.json', { foreign: /^browser/ }) ? 0 : 1;
}
