// `npm run build`: the service to `dist` and the sandbox to `sandbox/dist`, in parallel. `node scripts/build.mjs service`
// or `sandbox` builds one of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const BUILDS = {
  service: ['node_modules/@nestjs/cli/bin/nest.js', 'build'],
  sandbox: ['sandbox/scripts/build.mjs'],
};

const named = process.argv.slice(2);
const statuses = await Promise.all(
  (named.length > 0 ? named : Object.keys(BUILDS)).map(async (name) => {
    const [status] = await once(spawn(process.execPath, BUILDS[name], { stdio: 'inherit' }), 'exit');
    return status;
  }),
);
if (statuses.some((status) => status !== 0)) process.exitCode = 1;
