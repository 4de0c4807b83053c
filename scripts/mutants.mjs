// Mutation testing: `node scripts/mutants.mjs [--sample 40] [--from 1] [--seed 1] [src/user …]` puts one small fault after another
// into the code of a room and runs the tests that drive it. A fault that no test notices is a survivor. Nothing is
// written to src: the module hooks of the tests (test/runner/typescript.mjs) apply the fault when they compile the file.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';

/** The tests of each room, quick ones first: the run of a mutant ends with the first test that fails. */
const TESTS = {
  'src/user': [
    'unit/nickname.spec',
    'unit/phone-number.spec',
    ...e2e(
      'one-user',
      'linking',
      'profile',
      'leaving',
      'export',
      'open-data',
      'operators',
      'mini-program-login',
    ),
    ...e2e('merge-races', 'key-rotation', 'avatars', 'wechat-events'),
  ],
  'src/session': [
    'unit/device.spec',
    'unit/refresh-decision.spec',
    'unit/verified-sessions.spec',
    ...e2e(
      'sessions',
      'refresh',
      'access-tokens',
      'session-limit',
      'devices',
      'validate-token',
      'introspection',
    ),
    ...e2e('key-rotation', 'verify-elsewhere', 'operators', 'webhooks'),
  ],
  'src/attempt': [
    'unit/attempt.spec',
    'unit/return-urls.spec',
    ...e2e('login-code', 'attempts', 'scan-login', 'web-view', 'website-state', 'in-wechat', 'live-status'),
  ],
  'src/wechat-app': [
    'unit/page-url.spec',
    ...e2e('signatures', 'js-sdk', 'user-encrypt-keys', 'app-access-tokens', 'rate-limits'),
  ],
  'src/wechat': [
    'unit/open-data.spec',
    'unit/push-crypto.spec',
    'unit/wechat-language.spec',
    'unit/page-signature.spec',
    ...e2e(
      'wechat-answers',
      'app-access-tokens',
      'open-data',
      'mini-program-login',
      'website-login',
      'secrets',
    ),
    ...e2e('signatures', 'js-sdk', 'user-encrypt-keys'),
    ...e2e('profile', 'wechat-text', 'scan-login', 'metrics', 'in-wechat', 'wechat-events'),
  ],
};

function e2e(...names) {
  return names.map((name) => `e2e/${name}.e2e`);
}

const OPERATORS = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
]);

/** The faults that can be put into a file, as replacements of a range of its text. */
function mutantsOf(file) {
  const text = readFileSync(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const found = [];
  const replace = (kind, node, by) => {
    const start = node.getStart();
    const { line } = source.getLineAndCharacterOfPosition(start);
    found.push({ kind, file: resolve(file), start, end: node.end, by, place: `${file}:${line + 1}` });
  };
  const visit = (node) => {
    // Decorators are documentation and wiring, types do not exist at run time, and log lines are not part of the contract.
    if (ts.isDecorator(node) || ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    if (ts.isExpressionStatement(node)) {
      if (/\blogger\b/.test(node.getText())) return;
      replace('statement removed', node, ';');
    }
    if (ts.isBinaryExpression(node) && OPERATORS.has(node.operatorToken.kind)) {
      replace('operator', node.operatorToken, OPERATORS.get(node.operatorToken.kind));
    }
    if (ts.isIfStatement(node))
      replace('condition negated', node.expression, `!(${node.expression.getText()})`);
    if (ts.isConditionalExpression(node)) {
      replace('condition negated', node.condition, `!(${node.condition.getText()})`);
    }
    if (ts.isAwaitExpression(node)) replace('await removed', node, `(${node.expression.getText()})`);
    if (ts.isNumericLiteral(node))
      replace('constant', node, String(Number(node.text.replaceAll('_', '')) + 1));
    if (node.kind === ts.SyntaxKind.TrueKeyword) replace('constant', node, 'false');
    if (node.kind === ts.SyntaxKind.FalseKeyword) replace('constant', node, 'true');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function filesOf(room) {
  return readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.(module|entity)\.ts$/.test(file))
    .sort()
    .map((file) => join(room, file));
}

const JEST = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--selectProjects', 'sqlite'];
const PATIENCE_MS = 10 * 60_000;

/** @returns the first test that fails, `null` where none does */
function firstFailure({ file, start, end, by }, tests) {
  const run = spawnSync(
    process.execPath,
    [...JEST, '-i', '--bail', '--runTestsByPath', ...tests.map((test) => `test/${test}.ts`)],
    {
      env: { ...process.env, TEST_MUTANT: JSON.stringify({ file, start, end, by }) },
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    },
  );
  if (run.status === 0) return null;
  return /^ *● (.*)$/m.exec(run.stderr)?.[1] ?? 'it does not end';
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string', default: '40' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
  },
});
const rooms = positionals.length > 0 ? positionals : Object.keys(TESTS);
const next = random(Number(values.seed));
const chosen = rooms
  .flatMap((room) => filesOf(room).flatMap((file) => mutantsOf(file).map((mutant) => ({ room, mutant }))))
  .map((each) => ({ ...each, at: next() }))
  .sort((one, other) => one.at - other.at)
  .slice(Number(values.from) - 1, Number(values.sample));

let noticed = 0;
for (const [index, { room, mutant }] of chosen.entries()) {
  const failure = firstFailure(mutant, TESTS[room]);
  if (failure !== null) noticed++;
  const was = readFileSync(mutant.file, 'utf8').slice(mutant.start, mutant.end).replace(/\s+/g, ' ');
  const change = `${mutant.kind}: ${was.slice(0, 100)} -> ${mutant.by.slice(0, 100)}`;
  console.log(
    `${index + Number(values.from)}/${values.sample} ${failure === null ? 'SURVIVED' : 'noticed'} ${mutant.place} ${change}`,
  );
  if (failure !== null) console.log(`    ${failure}`);
}
console.log(`${noticed} of ${chosen.length} noticed`);
