// `npm run check`: everything that can be said of the code without running a test. All faults at once.
import { spawn } from 'node:child_process';
import { COMPOSE_FILES } from './compose-files.mjs';

/** What is said of the files as they are. */
const OF_SOURCES = [
  ['types', 'tsc', '-p', 'tsconfig.test.json', '--noEmit'],
  ['types of the browser code', 'tsc', '-p', 'src/web-qr-login/pages/browser'],
  ['lint', 'eslint', '.'],
  ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
  ['engines', 'node', 'scripts/engines.mjs'],
  ['documentation', 'node', 'scripts/translations.mjs'],
];
/** What needs the build, and what is quick. */
const OF_BUILD = [
  ['build', 'node', 'scripts/build.mjs'],
  ['size of the hosted pages', 'node', 'scripts/page-size.mjs'],
  ['OpenAPI document', 'node', 'scripts/openapi.mjs'],
  ['OpenAPI document, by Redocly', 'redocly', 'lint', 'docs/openapi.json', '--format=stylish'],
  ['OpenAPI document, by Spectral', 'spectral', 'lint', 'docs/openapi.json', '-F', 'hint', '--quiet'],
  ['error catalogue', 'node', 'scripts/errors.mjs'],
  ['database', 'node', 'scripts/database.mjs'],
  ['settings', 'node', 'scripts/settings.mjs'],
  ['compose files', 'dclint', '--max-warnings', '0', '-c', 'deploy/compose/dclint.json', ...COMPOSE_FILES],
  ['compose files and the service', 'node', 'scripts/compose.mjs'],
  ['image', 'node', 'scripts/image.mjs'],
  ['nginx', 'node', 'scripts/nginx.mjs'],
  ['dependency rules', 'depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'sandbox/src'],
];

/** Redocly asks its maker for news, and complains of Node 20, unless it is told not to. */
const QUIET = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

const failed = [];

/** Runs a check, and says what it said when it has ended: two that run at once are not mixed up. */
function check([name, command, ...words]) {
  const program = command === 'node' ? process.execPath : `node_modules/.bin/${command}`;
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env: QUIET });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      process.stdout.write(Buffer.concat(said));
      console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`);
      if (status !== 0) failed.push(name);
      resolve();
    });
  });
}

async function oneByOne(checks) {
  for (const each of checks) await check(each);
}

await Promise.all([oneByOne(OF_SOURCES), oneByOne(OF_BUILD)]);
if (failed.length > 0) process.exitCode = 1;
