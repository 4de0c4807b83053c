import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startProgram } from '../harness/program.js';

/** A program of the built log stream. Its statements see the stream as `log`. */
function programOf(statements: string): readonly [string, ...string[]] {
  const source = `import { standardOutput } from ${JSON.stringify(resolve('dist/ops/log-stream.js'))};
    const log = standardOutput();
    ${statements}`;
  return [process.execPath, '--input-type=module', '--eval', source];
}

describe('lines of the log that were written just before', () => {
  const lines = 'one\ntwo\nthree\n';
  const write = `for (const line of ['one', 'two', 'three']) log.write(line + '\\n');`;

  test.each([
    ['an uncaught exception', `${write} throw new Error('unforeseen');`],
    ['an unhandled rejection', `${write} void Promise.reject(new Error('unforeseen'));`],
    ['process.exit', `${write} process.exit(7);`],
    ['the end of all work', write],
    ['SIGKILL in the next turn', `${write} setImmediate(() => process.kill(process.pid, 'SIGKILL'));`],
  ])('are not lost by %s', async (_end, statements) => {
    const { ended, output } = startProgram(programOf(statements), process.cwd());
    await ended;
    expect(output().startsWith(lines)).toBe(true);
  });
});

test('a reader that stops neither blocks the process nor costs more than a bounded number of lines', async () => {
  const [command, ...words] = programOf(`
    const line = JSON.stringify({ msg: 'x'.repeat(1000) }) + '\\n';
    for (let turn = 0; turn < 5000; turn++) {
      log.write(line);
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.stderr.write('written');
    process.stdin.once('data', () => {
      log.write(JSON.stringify({ msg: 'last' }) + '\\n');
      process.stdin.unref();
    });`);
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  await once(child.stderr, 'data');
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  // All that the process has kept has arrived once the pipe is empty for the first time.
  while (!output.endsWith('\n') || output.length < 1024 * 1024) await once(child.stdout, 'data');
  child.stdin.end('go on');
  await once(child, 'close');
  const messages = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; lines?: number });
  const whole = messages.filter(({ msg }) => msg.startsWith('x')).length;
  expect(whole).toBeLessThan(2000);
  expect(messages.slice(whole)).toEqual([
    expect.objectContaining({ msg: expect.stringContaining('dropped'), lines: 5000 - whole }),
    { msg: 'last' },
  ]);
});
