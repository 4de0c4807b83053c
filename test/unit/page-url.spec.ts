import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../src/common/app-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import { ReturnUrls } from '../../src/attempt/return-urls.js';
import { signedPageUrl } from '../../src/wechat-app/page-url.js';

const returnUrls = new ReturnUrls(
  loadConfig({
    NODE_ENV: 'test',
    RETURN_URLS: 'https://shop.example.com/only/here,http://mp.weixin.qq.com,https://m.example.com:8443',
    PUBLIC_URL: 'https://login.example.com',
    ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
  }),
);

const codeFor = (url: string): string => {
  try {
    return signedPageUrl(url, returnUrls);
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
};

describe("a page's URL for wx.config", () => {
  test.each([
    'http://mp.weixin.qq.com?params=value',
    'http://mp.weixin.qq.com',
    'https://shop.example.com',
    'https://shop.example.com/another/path?a=1&b=%E4%B8%AD&from=singlemessage&isappinstalled=0',
    'https://shop.example.com/a//b/../c',
    'https://shop.example.com:443/x',
    'https://m.example.com:8443/?q=a+b%20c',
    'https://shop.example.com/中文?q=中',
    `https://shop.example.com/${'a'.repeat(2048 - 'https://shop.example.com/'.length)}`,
  ])('is signed as it is: %s', (url) => {
    expect(signedPageUrl(url, returnUrls)).toBe(url);
  });

  test.each([
    ['https://shop.example.com/x#', 'https://shop.example.com/x'],
    ['https://shop.example.com/x#/route?y=1#z', 'https://shop.example.com/x'],
    ['http://mp.weixin.qq.com#a', 'http://mp.weixin.qq.com'],
    [`https://shop.example.com/x#${'a'.repeat(2048)}`, 'https://shop.example.com/x'],
  ])('is signed without its fragment: %s', (url, signed) => {
    expect(signedPageUrl(url, returnUrls)).toBe(signed);
  });

  test.each([
    'https://evil.example.com/',
    'http://shop.example.com/',
    'https://shop.example.com:8443/',
    'https://m.example.com/',
    'https://shop.example.com.evil.example/',
    'https://evil.example/https://shop.example.com/',
    'https://evil.example?https://shop.example.com/',
    'https://xshop.example.com/',
    'https://login.example.com/login',
  ])('is refused where RETURN_URLS has no such origin: %s', (url) => {
    expect(codeFor(url)).toBe('RETURN_URL_FORBIDDEN');
  });

  test.each([
    '',
    'shop.example.com/',
    '//shop.example.com/',
    '/path',
    'https:shop.example.com/',
    'https:///shop.example.com/',
    'https://',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'https://user@shop.example.com/',
    'https://user:pass@shop.example.com/',
    'https://shop.example.com@evil.example/',
    'https://evil.example\\@shop.example.com/',
    'https://shop.example.com\\.evil.example/',
    'https://shop.example.com/a b',
    ' https://shop.example.com/',
    'https://shop.example.com/\n',
    'https://shop.exa\tmple.com/',
    'https://shop.example.com/\0',
    'https://shop.example.com/\u00a0',
    'https%3A%2F%2Fshop.example.com%2F',
    'https://shop.example.com:99999/',
    `https://shop.example.com/${'a'.repeat(2049 - 'https://shop.example.com/'.length)}`,
    `https://shop.example.com/${'中'.repeat(700)}`,
  ])('is refused where it is no address of a page: %j', (url) => {
    expect(codeFor(url)).toBe('VALIDATION_FAILED');
  });
});
