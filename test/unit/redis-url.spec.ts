import { describe, expect, test } from '@jest/globals';
import { redisPrefix, redisUrl } from '../../src/config/redis-url.js';
import { SettingFault } from '../../src/config/parsers.js';
import { keySlot } from '../../src/ephemeral/redis/key-slot.js';

const PLAIN = {
  mode: 'server',
  nodes: [{ host: 'redis', port: 6379 }],
  primaryName: null,
  user: null,
  password: null,
  sentinelUser: null,
  sentinelPassword: null,
  database: 0,
  tls: null,
};

describe('REDIS_URL', () => {
  test.each([
    ['redis://redis', {}],
    ['redis://redis/', {}],
    ['redis://redis:6380/5', { nodes: [{ host: 'redis', port: 6380 }], database: 5 }],
    ['redis://:p%40s%3As%2F@redis', { password: 'p@s:s/' }],
    ['redis://wh%C3%B6:p%25@redis', { user: 'whö', password: 'p%' }],
    ['redis://[2001:db8::1]:6380', { nodes: [{ host: '2001:db8::1', port: 6380 }] }],
    ['redis://[::1]', { nodes: [{ host: '::1', port: 6379 }] }],
    ['rediss://redis', { tls: { ca: null } }],
    [
      'redis+sentinel://u:p@a,b:2,[::1]:3/my%2Fmaster/2?sentinel-user=x&sentinel-password=y%26z',
      {
        mode: 'sentinel',
        nodes: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 2 },
          { host: '::1', port: 3 },
        ],
        primaryName: 'my/master',
        user: 'u',
        password: 'p',
        sentinelUser: 'x',
        sentinelPassword: 'y&z',
        database: 2,
      },
    ],
    [
      'rediss+cluster://:p@a:1,b',
      {
        mode: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 6379 },
        ],
        password: 'p',
        tls: { ca: null },
      },
    ],
    ['redis+cluster://redis/0', { mode: 'cluster' }],
  ])('%s is understood', (url, differing) => {
    expect(redisUrl(url)).toEqual({ ...PLAIN, ...differing });
  });

  test.each([
    ['redis://', /must be redis/],
    ['redis://:6379', /host:port/],
    ['redis://a,b', /must be redis/],
    ['redis://a:0', /host:port/],
    ['redis://a:65536', /host:port/],
    ['redis://2001:db8::1', /host:port/],
    ['redis://p@ss:word@redis', /must be redis/],
    ['redis://user@redis', /user:password/],
    ['redis://user:@redis', /user:password/],
    ['redis://:%zz@redis', /%25/],
    ['redis://redis/name', /number of the database/],
    ['redis://redis/0/1', /number of the database/],
    ['redis://redis?db=1', /no parameters/],
    ['redis://redis?keyPrefix=x', /no parameters/],
    ['redis://redis?ssl-ca=/x', /no parameters/],
    ['redis://redis#0', /must be redis/],
    ['rediss://redis?tls=off', /ssl-ca/],
    ['rediss://redis?ssl-ca=/nowhere', /PEM/],
    ['redis+sentinel://a', /name of the master/],
    ['redis+sentinel://a/master/x', /name of the master/],
    ['redis+sentinel://a/master?sentinel-user=x', /sentinel-password/],
    ['redis+sentinel://a/master?sentinel-password=x&sentinel-password=y', /each once/],
    ['redis+cluster://a/1', /no database/],
    ['redis+unix:///tmp/x', /must be redis/],
  ])('%s is refused, and why is said', (url, reason) => {
    expect(() => redisUrl(url)).toThrow(SettingFault);
    expect(() => redisUrl(url)).toThrow(reason);
  });
});

test.each(['', '{a}:', 'a b', 'a*', 'x'.repeat(65)])('the prefix %p is refused', (prefix) => {
  expect(() => redisPrefix(prefix)).toThrow(SettingFault);
});

test.each([
  ['123456789', 12_739],
  ['foo', 12_182],
  ['{user1000}.following', 3_443],
  ['{user1000}.followers', 3_443],
  ['foo{}{bar}', 8_363],
  ['', 0],
])('the slot of %p is that of CLUSTER KEYSLOT', (key, slot) => {
  expect(keySlot(key)).toBe(slot);
});
