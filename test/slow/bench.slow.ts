import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const run = promisify(execFile);

test('the benchmark runs, and its hand-written contestant still does the same work', async () => {
  const { stdout } = await run(process.execPath, ['bench/run.mjs', '--quick', 'operations'], {
    maxBuffer: 2 ** 24,
  });

  expect(stdout).toContain('service and floor write the same and answer the same');
  expect(stdout).toMatch(/### Operations of a returning person[\s\S]*\| operations \| .* \|$/m);
});
