// Installs the packages of folders that have some of their own, where these are missing or are not those of the lock
// file: `node scripts/install.mjs [sdk] [test] [scripts]`, without a name all three. Neither a run nor a build of the
// service needs them: docs/decisions/072-tests-and-checks-install-what-they-need.md
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = dirname(import.meta.dirname);

/** What tests and checks need. Those of bench/ are installed by bench/run.mjs. */
const FOLDERS = ['sdk', 'test', 'scripts'];

/** @throws Error where `npm ci` fails: without the registry, it needs what npm's cache holds */
export function install(...folders) {
  for (const name of folders.filter((each) => !isInstalled(join(ROOT, each)))) {
    console.log(`Installing the packages of ${name}/, once.`);
    const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: join(ROOT, name),
      stdio: 'inherit',
    });
    if (status !== 0) {
      throw new Error(
        `The packages of ${name}/ are not installed: \`npm ci\` failed there, as it says above. The first time it needs the registry that npm is configured for.`,
      );
    }
  }
}

/** Whether what npm has recorded in `node_modules` is what the lock file says. */
function isInstalled(folder) {
  const installed = packagesOf(join(folder, 'node_modules/.package-lock.json'));
  if (installed === null) return false;
  return Object.entries(packagesOf(join(folder, 'package-lock.json'))).every(
    ([path, { version, optional }]) =>
      // Optional packages are those of other platforms, too.
      path === '' || (optional && !installed[path]) || installed[path]?.version === version,
  );
}

/** @returns the packages of a lock file by their path, `null` where there is no such file */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

if (process.argv[1] === import.meta.filename) {
  const named = process.argv.slice(2);
  try {
    install(...(named.length > 0 ? named : FOLDERS));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
