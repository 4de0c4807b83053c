import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const PROGRAM = fileURLToPath(new URL('../harness/lazy-packages.mjs', import.meta.url));

test('a package that could not be read for want of file descriptors is loaded when it is needed again', () => {
  const packages = ['oidc-provider/lib/provider.js', 'libphonenumber-js', '@aws-sdk/client-s3'];
  const command = `ulimit -n 80 && exec "${process.execPath}" "${PROGRAM}" ${packages.join(' ')}`;
  const said = String(execFileSync('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] }));
  expect(JSON.parse(said)).toEqual([false, false, false, true, true, true]);
}, 30_000);
