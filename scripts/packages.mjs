// Checks each package that can be published as npm would pack it: publint (what package.json promises is there), attw
// (the types fit the modules), its files, its changelog, its dependencies, and the size of what a phone or a browser
// loads. Builds them first. `--list` prints the sizes. Compares the example's copy of a package with the build, too.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { faultsOfContents } from './package-contents.mjs';

/** An ES module only, which CommonJS loads by require(esm); its guests have resolution by `exports`. */
const ESM_ONLY = ({ kind, resolutionKind }) => kind === 'CJSResolvesToESM' || resolutionKind === 'node10';
/** A package for browsers and phones names no versions of Node: it is for the bundler to say. */
const NO_NODE = ['USE_ENGINES_NODE'];

/** `types`: problems of attw that are meant. `suggestions`: of publint, that do not fit. */
const PACKAGES = {
  sandbox: { types: ESM_ONLY },
  'sdk/mini-program': { suggestions: NO_NODE },
  'sdk/web': { suggestions: NO_NODE },
  'sdk/node': {},
};

/** Maximum sizes (bytes). A mini program is not compressed on the phone, so its limit counts before gzip. */
const BUDGETS = [
  { file: 'sdk/mini-program/dist/wechat-auth.min.js', limit: 8000, size: (code) => code.length },
  { file: 'sdk/mini-program/dist/wechat-auth-user-key.min.js', limit: 12000, size: (code) => code.length },
  {
    file: 'sdk/web/dist/wechat-auth.min.js',
    limit: 6000,
    size: (code) => gzipSync(code, { level: 9 }).length,
  },
];

const has = (word) => process.argv.includes(word);
const faults = [];

/** @returns what a program has printed. @throws Error with its output, where it fails */
function run(program, ...words) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

run(process.execPath, 'sdk/build.mjs');
run(process.execPath, 'sandbox/scripts/build.mjs', '--types');
try {
  run(process.execPath, 'scripts/sdk-example.mjs');
} catch (error) {
  faults.push(error.message);
}
const folder = mkdtempSync(join(tmpdir(), 'wechat-auth-packages-'));
try {
  // Without scripts: a `prepack` would build again.
  const packed = JSON.parse(
    run(
      'npm',
      ...['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
      ...Object.keys(PACKAGES).flatMap((name) => ['--workspace', name]),
    ),
  );
  for (const [index, [name, { types = () => false, suggestions = [] }]] of Object.entries(
    PACKAGES,
  ).entries()) {
    const { filename, files } = packed[index];
    const tarball = readFileSync(join(folder, filename));
    const report = (text) => faults.push(`${name}: ${text}`);

    // A copy: a small file's buffer is a part of Node's pool.
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer } });
    for (const message of messages.filter(({ code }) => !suggestions.includes(code))) {
      report(`publint: ${formatMessage(message, pkg, { color: false })}`);
    }
    const { problems = [] } = await checkPackage(createPackageFromTarballData(tarball));
    for (const problem of problems.filter((each) => !types(each))) report(`attw: ${JSON.stringify(problem)}`);
    faultsOfContents(
      name,
      files.map(({ path }) => path),
    ).forEach(report);
  }
} finally {
  rmSync(folder, { recursive: true });
}
for (const { file, limit, size } of BUDGETS) {
  const bytes = size(readFileSync(file));
  if (has('--list')) console.log(`${file}: ${bytes} of ${limit} bytes`);
  if (bytes > limit) faults.push(`${file} has ${bytes} bytes: more than ${limit}.`);
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
