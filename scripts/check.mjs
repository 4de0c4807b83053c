// `npm run check`: everything that can be said of the code without running a test. All faults at once.
import { spawnSync } from 'node:child_process';
import { COMPOSE_FILES } from './compose-files.mjs';

const CHECKS = [
  ['types', 'tsc', '-p', 'tsconfig.test.json', '--noEmit'],
  ['build', 'nest', 'build'],
  ['lint', 'eslint', '.'],
  ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
  ['dependency rules', 'depcruise', '--config', '.dependency-cruiser.cjs', 'src'],
  ['OpenAPI document', 'node', 'scripts/openapi.mjs'],
  ['error catalogue', 'node', 'scripts/errors.mjs'],
  ['database', 'node', 'scripts/database.mjs'],
  ['.env.example', 'node', 'scripts/environment.mjs'],
  ['compose files', 'dclint', '--max-warnings', '0', '-c', 'deploy/compose/dclint.json', ...COMPOSE_FILES],
  ['compose files and the service', 'node', 'scripts/compose.mjs'],
  ['image', 'node', 'scripts/image.mjs'],
  ['nginx', 'node', 'scripts/nginx.mjs'],
];

const failed = [];
for (const [name, command, ...words] of CHECKS) {
  const program = command === 'node' ? process.execPath : `node_modules/.bin/${command}`;
  const { status } = spawnSync(program, words, { stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) process.exitCode = 1;
