import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../src/common/app-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import { ReturnUrls, withAnswer } from '../../src/attempt/return-urls.js';

function allowList(returnUrls: string | undefined): ReturnUrls {
  return new ReturnUrls(
    loadConfig({
      NODE_ENV: 'test',
      ENCRYPTION_KEYS: Buffer.alloc(32).toString('base64'),
      PUBLIC_URL: 'https://login.example.com/auth',
      RETURN_URLS: returnUrls,
    }),
  );
}

describe('the allow list', () => {
  const list = allowList('https://shop.example.com, https://docs.example.com/app/, http://localhost:5173');

  test.each([
    ['https://shop.example.com', 'https://shop.example.com/'],
    ['https://SHOP.example.com:443/a?b=c#d', 'https://shop.example.com/a?b=c#d'],
    ['https://shop.example.com/a/../b', 'https://shop.example.com/b'],
    ['https://shop.example.com/%2f', 'https://shop.example.com/%2f'],
    ['https://docs.example.com/app', 'https://docs.example.com/app'],
    ['https://docs.example.com/app/page', 'https://docs.example.com/app/page'],
    ['http://localhost:5173/x', 'http://localhost:5173/x'],
    ['https://docs.example.com/app/', 'https://docs.example.com/app/'],
    ['https://docs.example.com/app/a;v=1/b', 'https://docs.example.com/app/a;v=1/b'],
    ['https://docs.example.com/app/...', 'https://docs.example.com/app/...'],
    ['https://docs.example.com/app/a..b', 'https://docs.example.com/app/a..b'],
    ['https://docs.example.com/app/100%25', 'https://docs.example.com/app/100%25'],
    ['https://docs.example.com/app/%E4%BD%A0%20x', 'https://docs.example.com/app/%E4%BD%A0%20x'],
    [
      'https://docs.example.com/app/x?next=/..;/admin#/..;/',
      'https://docs.example.com/app/x?next=/..;/admin#/..;/',
    ],
    // A whole origin may be returned to: there is nothing to leave.
    ['https://shop.example.com/a/..;/b', 'https://shop.example.com/a/..;/b'],
    // The hosted page is a place to come back to, whatever the list says.
    ['https://login.example.com/auth/login', 'https://login.example.com/auth/login'],
  ])('allows %s', (given, parsed) => {
    expect(list.allowed(given).href).toBe(parsed);
  });

  test.each([
    'https://docs.example.com/apple',
    'https://docs.example.com/app%2fx',
    'https://docs.example.com/app/%5c..%5cx',
    'https://docs.example.com/app/../x',
    'https://docs.example.com/app/%2E%2E/x',
    'https://docs.example.com/app/..;/admin',
    'https://docs.example.com/app/..;x=1/admin',
    'https://docs.example.com/app/.;/admin',
    'https://docs.example.com/app/%2e%2e;/admin',
    'https://docs.example.com/app/%2E.;a/admin',
    'https://docs.example.com/app/..%3b/admin',
    'https://docs.example.com/app/..%3Bx=%2f/admin',
    'https://docs.example.com/app/%252e%252e/admin',
    'https://docs.example.com/app/%25252e%25252e/admin',
    'https://docs.example.com/app/%252e%252e;/admin',
    'https://docs.example.com/app/..%252fadmin',
    'https://docs.example.com/app/..%255cadmin',
    'https://docs.example.com/app/%c0%ae%c0%ae/admin',
    'https://docs.example.com/app/..%c0%afadmin',
    'https://docs.example.com/app/%u002e%u002e/admin',
    'https://docs.example.com/app/%EF%BC%8E%EF%BC%8E/admin',
    'https://docs.example.com/app/．．/admin',
    'https://docs.example.com/app/..%EF%BC%8Fadmin',
    'https://docs.example.com/app/%20../admin',
    'https://docs.example.com/app/..%20/admin',
    'https://docs.example.com/app/..%00/admin',
    'https://docs.example.com/app//admin',
    'https://docs.example.com/app//evil.example.com/',
    'https://docs.example.com/app/;/admin',
    'https://docs.example.com/app/;x=/admin',
    'https://docs.example.com//app/x',
    'https://docs.example.com/./app/..;/x',
    'https://docs.example.com/app;/../x',
    'https://docs.example.com/app/%2e/%2e%2e/x',
    'https://login.example.com/auth/login/..;/admin',
    'http://localhost:5174/',
    'http://localhost/',
    'https://localhost:5173/',
    'https://login.example.com/auth/',
    'https://login.example.com/login',
    'https://shop.example.com./',
    'ftp://shop.example.com/',
    'blob:https://shop.example.com/x',
    'https://a:@shop.example.com/',
    'https://shop.example.com/a b',
    'https://shop.example.com/\u00a0',
    'https://shop.example.com/\u0085',
    'https:/\\shop.example.com',
  ])('refuses %j', (given) => {
    expect(() => list.allowed(given)).toThrow(AppError);
    expect(() => list.allowed(given)).toThrow('RETURN_URL_FORBIDDEN');
  });

  test('is PUBLIC_URL where nothing is set', () => {
    expect(allowList(undefined).allowed('https://login.example.com/auth/x').pathname).toBe('/auth/x');
    expect(() => allowList(undefined).allowed('https://login.example.com/')).toThrow(AppError);
  });

  test('names each origin once, for CORS', () => {
    expect(allowList('https://a.example.com/x,https://a.example.com/y').origins()).toEqual([
      'https://a.example.com',
      'https://login.example.com',
    ]);
  });
});

describe('an answer on returnTo', () => {
  test('replaces answers of earlier logins and keeps the rest', () => {
    expect(withAnswer('https://a.example.com/x?b=1&error=OLD&c=%26#h', 'loginCode', 'new')).toBe(
      'https://a.example.com/x?b=1&c=%26&loginCode=new#h',
    );
    expect(withAnswer('https://a.example.com/?loginCode=a&loginCode=b', 'error', 'LOGIN_DENIED')).toBe(
      'https://a.example.com/?error=LOGIN_DENIED',
    );
  });
});
