// `npm run check`: all checks that run no test. It reports every failure, not only the first.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { COMPOSE_FILES } from './compose-files.mjs';
import { install } from './install.mjs';

/** What the compiler knows of the last time. */
const TYPES = ['--tsBuildInfoFile', 'node_modules/.cache/wechat-auth-types/service.tsbuildinfo'];

/** The slowest first, because it determines the total time. */
const CHECKS = [
  ['types and lint', 'node', 'scripts/types-and-lint.mjs'],
  // Not those of the sandbox: scripts/packages.mjs checks them.
  ['types of the service', 'tsc', '-p', 'tsconfig.build.json', '--noEmit', ...TYPES],
  ['build', 'node', 'scripts/build.mjs'],
  ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
  ['lock files', 'node', 'scripts/lock-files.mjs'],
  ['documentation', 'node', 'scripts/translations.mjs'],
  ['compose files', 'dclint', '--max-warnings', '0', '-c', 'deploy/compose/dclint.json', ...COMPOSE_FILES],
  ['dependency rules', 'depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'sandbox/src', 'sdk'],
  ['types of the client packages', 'node', 'scripts/sdk-types.mjs'],
];
/** Checks that need the build. */
const CHECKS_OF_BUILD = [
  ['packages', 'node', 'scripts/packages.mjs'],
  ['size of the hosted pages', 'node', 'scripts/page-size.mjs'],
  ['OpenAPI document', 'node', 'scripts/openapi.mjs'],
  ['OpenAPI document, by Redocly', 'redocly', 'lint', 'docs/openapi.json', '--format=stylish'],
  ['OpenAPI document, by Spectral', 'spectral', 'lint', 'docs/openapi.json', '-F', 'hint', '--quiet'],
  ['error catalogue', 'node', 'scripts/errors.mjs'],
  ['database', 'node', 'scripts/database.mjs'],
  ['settings', 'node', 'scripts/settings.mjs'],
  ['compose files and the service', 'node', 'scripts/compose.mjs'],
  ['image', 'node', 'scripts/image.mjs'],
  ['nginx', 'node', 'scripts/nginx.mjs'],
];

/** Otherwise Redocly sends telemetry, looks for updates, and warns of Node 20. */
const QUIET = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

const failed = [];

/** Runs a check and prints its output when it has ended, so that concurrent checks are not interleaved. */
function check([name, command, ...words]) {
  const program = command === 'node' ? process.execPath : programOf(command);
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

/** A command of the packages of scripts/, or of the service's. */
function programOf(command) {
  const program = `scripts/node_modules/.bin/${command}`;
  return existsSync(program) ? program : `node_modules/.bin/${command}`;
}

/** Runs checks until none is left. One of these workers runs per core. */
async function work(waiting) {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    await check(next);
    if (next[0] === 'build') waiting.unshift(...CHECKS_OF_BUILD);
  }
}

// All: what tests import is needed to check their types.
install('sdk', 'test', 'scripts');
const waiting = [...CHECKS];
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, () => work(waiting)));
if (failed.length > 0) process.exitCode = 1;
