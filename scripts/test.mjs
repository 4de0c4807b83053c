// `npm test`: all tests that need only Node. `--browser`: those in Chromium. `--deploy`: those of deploy/, with
// nginx. `--packages`: those of the client packages, packed and installed. `--slow`: those that take minutes. Further
// arguments are passed to Jest.
import { spawnSync } from 'node:child_process';

const words = process.argv.slice(2);
const suite = ['browser', 'deploy', 'packages', 'slow'].find((name) => words.includes(`--${name}`));

// Some tests start the built service and the built sandbox as processes of their own. Those of the packages build the
// packages (sdk/test/install.mjs), and nothing else of the build.
if (suite !== 'packages') {
  const build = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
  if (build.status !== 0) process.exit(build.status ?? 1);
}

const jest = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...(suite ? ['--config', `jest.${suite}.config.mjs`] : []),
    ...words.filter((word) => word !== `--${suite}`),
  ],
  { stdio: 'inherit' },
);
process.exitCode = jest.status ?? 1;
