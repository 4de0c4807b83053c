import { spawnSync } from 'node:child_process';
import { afterEach, expect, test } from '@jest/globals';
import { networkArguments } from '../../src/config/system-environment.js';

const before = process.env.NODE_OPTIONS;
afterEach(() => {
  if (before === undefined) delete process.env.NODE_OPTIONS;
  else process.env.NODE_OPTIONS = before;
});

test.each([
  ['--dns-result-order ipv4first', ['--dns-result-order=ipv4first']],
  ['--dns-result-order=ipv4first', ['--dns-result-order=ipv4first']],
  ['--tls_min_v1.2 --max-old-space-size=99', ['--tls-min-v1.2']],
  ['--use-openssl-ca --require ./x.js', ['--use-openssl-ca']],
  ['--tls-cipher-list "A:B C"', ['--tls-cipher-list=A:B C']],
  [String.raw`--openssl-config "/a \"b\"/c.cnf"`, ['--openssl-config=/a "b"/c.cnf']],
  ['--no-network-family-autoselection', ['--no-network-family-autoselection']],
  [
    '--network-family-autoselection-attempt-timeout  500',
    ['--network-family-autoselection-attempt-timeout=500'],
  ],
  ['--title x--tls-min-v1.2', []],
  ['', []],
])('of NODE_OPTIONS %j a Node that is started gets %j', (options, expected) => {
  process.env.NODE_OPTIONS = options;
  expect(networkArguments().filter((word) => !process.execArgv.includes(word))).toEqual(expected);
});

test('Node understands them', () => {
  process.env.NODE_OPTIONS =
    '--dns-result-order verbatim --tls-cipher-list "AES128-SHA" --no-network-family-autoselection --tls-max-v1.2';
  const words = networkArguments();
  const { status, stderr } = spawnSync(process.execPath, [...words, '-e', ''], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect([status, String(stderr)]).toEqual([0, '']);
});
