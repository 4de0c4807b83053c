// `npm run dev`: the service with the sandbox beside it, built and started again at each change. Ctrl-C ends all of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';

/** An editor saves, and the compiler writes, several files at once (ms). */
const QUIET_MS = 150;

const nest = ['node_modules/@nestjs/cli/bin/nest.js', 'build'];
let service = null;
let stopping = false;

/** Runs Node and waits for its end. @returns its exit status */
async function run(words) {
  const child = spawn(process.execPath, words, { stdio: 'inherit' });
  const [status] = await once(child, 'exit');
  return status;
}

/** Ends the service, with its sandbox, and waits until both ports are free again. */
async function stop() {
  const child = service;
  service = null;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** The build empties `dist`, from which the service loads: so it ends first. After a build that fails none runs. */
async function restart() {
  await stop();
  if (stopping || (await run(nest)) !== 0) return;
  if (!stopping) service = spawn(process.execPath, ['dist/main.js'], { stdio: 'inherit' });
}

let changes = Promise.resolve();
let timer;
const watcher = watch('src', { recursive: true }, () => {
  clearTimeout(timer);
  timer = setTimeout(() => (changes = changes.then(restart)), QUIET_MS);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    watcher.close();
    clearTimeout(timer);
    void changes.then(stop).then(() => process.exit(0));
  });
}

changes = restart();
