// Builds the sandbox: compiles what changed in `src` to `dist`, and copies the files of its pages.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const asset = /\.(html|css|svg|client\.js)$/;

if (isStale()) rmSync(`${root}dist`, { recursive: true });
const { status } = spawnSync(process.execPath, [compiler, '--build', root], { stdio: 'inherit' });
cpSync(`${root}src`, `${root}dist`, {
  recursive: true,
  filter: (file) => asset.test(file) || statSync(file).isDirectory(),
});
process.exitCode = status ?? 1;

/** Whether `dist` holds a file that the compiler would not write now: it deletes none. */
function isStale() {
  if (!existsSync(`${root}dist`)) return false;
  return readdirSync(`${root}dist`, { recursive: true }).some((file) => {
    const source = asset.test(file) ? file : file.replace(/\.(d\.ts|js)$/, '.ts');
    return !file.endsWith('.tsbuildinfo') && !existsSync(`${root}src/${source}`);
  });
}
