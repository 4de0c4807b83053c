import { expect, test } from '@jest/globals';
import { nextUrl } from '../src/website/next-url.js';

const SITE = new URL('https://shop.example.com/back');

test.each([
  ['/orders', '/orders'],
  ['/orders?page=2&q=小明#top', '/orders?page=2&q=%E5%B0%8F%E6%98%8E#top'],
  ['/search?q=a b', '/search?q=a%20b'],
  ['/a/../b', '/b'],
  ['/', '/'],
  ['https://shop.example.com/orders', '/orders'],
  ['HTTPS://SHOP.example.com/orders', '/orders'],
])('a page of the site is where people go: %s', (next, url) => {
  expect(nextUrl(next, SITE, '/home')).toBe(url);
});

test.each([
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/..//evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
  '/%2e%2e//evil.example',
  'https://evil.example/',
  'https://shop.example.com.evil.example/',
  'https://shop.example.com@evil.example/',
  'https://user@shop.example.com/',
  'http://shop.example.com/',
  'https://shop.example.com:8443/',
  'https:evil.example',
  'https:/evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  'orders',
  '?x',
  ' /orders',
  '',
  `/${'x'.repeat(2_000)}`,
  undefined,
  null,
  7,
  ['/orders'],
  { toString: () => '/orders' },
])('anything else is not: %s', (next) => {
  expect(nextUrl(next, SITE, '/home')).toBe('/home');
});
