import { describe, expect, test } from '@jest/globals';
import { addressGroup, ipAddress } from '../../src/http/ip-address.js';
import { ClientAddresses } from '../../src/http/client-address.js';

describe('an address', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:CB00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['2001:0DB8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:0:1::1', '2001:db8::1:0:0:1'],
    ['fe80::1%eth0', 'fe80::1'],
    [`fe80::1%${'a'.repeat(300)}`, 'fe80::1'],
    ['1111:2222:3333:4444:5555:6666:7777:8888', '1111:2222:3333:4444:5555:6666:7777:8888'],
  ])('%s is %s', (text, address) => expect(ipAddress(text)).toBe(address));

  test.each([
    '',
    'unknown',
    '_hidden',
    '203.0.113',
    '203.0.113.7:80',
    '0203.0.113.7',
    '1.2.3.4.5',
    '[::1]',
    ':::',
    '1',
  ])('is not %j', (text) => expect(ipAddress(text)).toBeNull());
});

describe('who counts as one in a limit', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1::', '2001:db8:1:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s is %s', (ip, group) => expect(addressGroup(ip)).toBe(group));
});

describe('the address of a client', () => {
  const PROXY = '10.1.2.3';
  const addresses = new ClientAddresses(['10.0.0.0/8', '::1', '2001:db8:f::/48', '::ffff:172.16.0.0/108']);

  test.each([
    ['what the proxy says', '203.0.113.7', '203.0.113.7'],
    ['without its port', '203.0.113.7:51234', '203.0.113.7'],
    ['without the port of IPv6', '[2001:db8::1]:443', '2001:db8::1'],
    ['without brackets', '[2001:db8::1]', '2001:db8::1'],
    ['in its one form', '2001:0DB8::0001', '2001:db8::1'],
    ['mapped IPv4 as IPv4', '[::ffff:203.0.113.7]:443', '203.0.113.7'],
    ['without a zone', 'fe80::1%eth0', 'fe80::1'],
    ['the nearest that is no proxy', '198.51.100.1, 203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['the nearest, past a proxy named in IPv6 form', '203.0.113.7,172.20.0.1', '203.0.113.7'],
    ['the farthest where all are proxies', '10.0.0.1, 2001:db8:f::9', '10.0.0.1'],
    ['the proxy, where it says "unknown"', 'unknown', PROXY],
    ['the proxy, where it says rubbish', '203.0.113.7, <script>', PROXY],
    ['the proxy, where it says nothing', '', PROXY],
    ['the proxy, where an entry is empty', '203.0.113.7,', PROXY],
    ['the proxy, where it says 300 characters', '9'.repeat(300), PROXY],
    ['the proxy, where it says a name and a port', 'localhost:80', PROXY],
    ['the nearer proxy, where the farther one says rubbish', 'rubbish, 10.0.0.9', '10.0.0.9'],
  ])('is %s', (_what, forwardedFor, address) => {
    expect(addresses.find(PROXY, forwardedFor)).toBe(address);
    expect(addresses.find(`::ffff:${PROXY}`, forwardedFor)).toBe(address);
  });

  test('is the peer, whatever the header says, if the peer is no trusted proxy', () => {
    expect(addresses.find('192.0.2.1', '203.0.113.7')).toBe('192.0.2.1');
    expect(addresses.find('2001:DB8::1', '203.0.113.7')).toBe('2001:db8::1');
    expect(new ClientAddresses([]).find(PROXY, '203.0.113.7')).toBe(PROXY);
    expect(addresses.find(undefined, undefined)).toBe('0.0.0.0');
  });

  test('is what a program with a good key says, directly and past proxies', () => {
    const asked = (peer: string, forwardedFor: string): string => addresses.find(peer, forwardedFor, true);
    expect(asked('192.0.2.1', '203.0.113.7')).toBe('203.0.113.7');
    expect(asked('192.0.2.1', '203.0.113.7:51234')).toBe('203.0.113.7');
    expect(asked('192.0.2.1', '198.51.100.1, 203.0.113.7')).toBe('203.0.113.7');
    expect(asked('192.0.2.1', 'unknown')).toBe('192.0.2.1');
    expect(asked(PROXY, '203.0.113.7, 192.0.2.1')).toBe('203.0.113.7');
    // A proxy that adds the address of the program once more, or has a proxy before it.
    expect(asked(PROXY, '203.0.113.7, 192.0.2.1, 192.0.2.1')).toBe('203.0.113.7');
    expect(asked(PROXY, '203.0.113.7, 192.0.2.1, 10.0.0.9')).toBe('203.0.113.7');
    expect(asked(PROXY, '192.0.2.1')).toBe('192.0.2.1');
    expect(new ClientAddresses([]).find('192.0.2.1', '203.0.113.7', true)).toBe('203.0.113.7');
  });

  test('takes no time to find in a long header', () => {
    expect(addresses.find(PROXY, '10.0.0.1,'.repeat(5_000))).toBe(PROXY);
    expect(addresses.find(PROXY, `203.0.113.7${',10.0.0.1'.repeat(5_000)}`)).toBe('10.0.0.1');
  });
});
