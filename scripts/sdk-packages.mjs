// Builds the client packages and checks each: publint (what package.json promises is there), attw (the types fit the
// modules in ESM, CommonJS and TypeScript), and the size of what a mini program or a website loads.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** Maximum sizes (bytes). A mini program is not compressed on the phone, so its limit counts before gzip. */
const BUDGETS = [
  { file: 'sdk/mini-program/dist/wechat-auth.min.js', limit: 8000, size: (code) => code.length },
  {
    file: 'sdk/web/dist/wechat-auth.min.js',
    limit: 6000,
    size: (code) => gzipSync(code, { level: 9 }).length,
  },
];
const PACKAGES = ['mini-program', 'web', 'node'];

/** Runs a program and fails with its output. */
function run(program, ...words) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (status === 0) return;
  console.error(`${program} ${words.join(' ')}\n${stdout}${stderr}`);
  process.exitCode = 1;
}

run(process.execPath, 'sdk/build.mjs');
for (const name of PACKAGES) {
  run('node_modules/.bin/publint', '--strict', `sdk/${name}`);
  run('node_modules/.bin/attw', '--profile', 'node16', '--pack', `sdk/${name}`);
}
for (const { file, limit, size } of BUDGETS) {
  const bytes = size(readFileSync(file));
  if (process.argv.includes('--list')) console.log(`${file}: ${bytes} of ${limit} bytes`);
  if (bytes <= limit) continue;
  console.error(`${file} has ${bytes} bytes: more than ${limit}.`);
  process.exitCode = 1;
}
