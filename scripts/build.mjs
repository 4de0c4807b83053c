// `npm run build`: the service with its hosted pages to `dist` and the sandbox to `sandbox/dist`, in parallel.
// `node scripts/build.mjs service` or `sandbox` builds one of them; `--source-maps` is for scripts/pages.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const words = process.argv.slice(2);
const options = words.filter((word) => word.startsWith('--'));
const named = words.filter((word) => !word.startsWith('--'));

/** The programs that build each part, in order. */
const BUILDS = {
  service: [['scripts/compile.mjs'], ['scripts/pages.mjs', ...options]],
  sandbox: [['sandbox/scripts/build.mjs']],
};

/** @returns whether all programs of a part succeeded */
async function build(name) {
  for (const program of BUILDS[name]) {
    const [status] = await once(spawn(process.execPath, program, { stdio: 'inherit' }), 'exit');
    if (status !== 0) return false;
  }
  return true;
}

const succeeded = await Promise.all((named.length > 0 ? named : Object.keys(BUILDS)).map(build));
if (!succeeded.every(Boolean)) process.exitCode = 1;
