// `npm run dev`: the service with the sandbox beside it, rebuilt and restarted after each change, whose types are checked
// meanwhile. Ctrl-C ends all.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';

/** Changes within this time lead to one build: an editor saves several files at once (ms). */
const QUIET_MS = 150;

/** The folder of each part that `scripts/build.mjs` builds. */
const SOURCES = { service: 'src', sandbox: 'sandbox/src' };

/** The tsconfig of each part. */
const CONFIGS = { service: 'tsconfig.build.json', sandbox: 'sandbox/tsconfig.json' };

/** Parts that changed since they were built. */
const changed = new Set(Object.keys(SOURCES));
let service = null;
/** The compilers that check types. They print what is wrong. */
let checks = [];
let stopping = false;

/** Runs Node and waits until it exits. @returns its exit status */
async function run(words) {
  const child = spawn(process.execPath, words, { stdio: 'inherit' });
  const [status] = await once(child, 'exit');
  return status;
}

/** Stops the service and its sandbox, and waits until both ports are free again. */
async function stop() {
  const child = service;
  service = null;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Checks the types of parts, in place of a check of what they were before. The service does not wait for it. */
function checkTypes(parts) {
  for (const check of checks) check.kill();
  checks = parts.map((part) => {
    const record = `node_modules/.cache/wechat-auth-types/${part}.tsbuildinfo`;
    const words = ['-p', CONFIGS[part], '--noEmit', '--incremental', '--tsBuildInfoFile', record];
    return spawn(process.execPath, ['node_modules/typescript/bin/tsc', ...words], { stdio: 'inherit' });
  });
}

/** The build replaces files from which a running service still loads: the service is stopped first. */
async function restart() {
  if (stopping || changed.size === 0) return;
  await stop();
  const parts = [...changed];
  changed.clear();
  if ((await run(['scripts/build.mjs', '--development', ...parts])) !== 0) {
    for (const part of parts) changed.add(part);
    return;
  }
  if (stopping) return;
  service = spawn(process.execPath, ['dist/main.js'], { stdio: 'inherit' });
  checkTypes(parts);
}

let changes = Promise.resolve();
let timer;
const watchers = Object.entries(SOURCES).map(([part, folder]) =>
  watch(folder, { recursive: true }, () => {
    changed.add(part);
    clearTimeout(timer);
    timer = setTimeout(() => (changes = changes.then(restart)), QUIET_MS);
  }),
);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    for (const watcher of watchers) watcher.close();
    clearTimeout(timer);
    for (const check of checks) check.kill();
    void changes.then(stop).then(() => process.exit(0));
  });
}

changes = restart();
