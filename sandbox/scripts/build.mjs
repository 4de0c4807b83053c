// Builds the sandbox: compiles what changed in `src` to `dist`, and copies the files of its pages.
import { cpSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from '../../scripts/compile.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const asset = /\.(html|css|svg|client\.js)$/;

const isDone = compile(root, 'tsconfig.json', { copied: asset });
cpSync(`${root}src`, `${root}dist`, {
  recursive: true,
  filter: (file) => asset.test(file) || statSync(file).isDirectory(),
});
process.exitCode = isDone ? 0 : 1;
