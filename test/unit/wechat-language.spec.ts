import { describe, expect, test } from '@jest/globals';
import { weChatLanguage } from '../../src/wechat/language.js';

describe("WeChat's language for a browser", () => {
  test.each([
    [undefined, 'zh_CN'],
    ['', 'zh_CN'],
    ['*', 'zh_CN'],
    ['zh', 'zh_CN'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh_CN'],
    ['zh-SG', 'zh_CN'],
    ['zh-Hans-HK', 'zh_CN'],
    ['zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7', 'zh_TW'],
    ['zh_TW', 'zh_TW'],
    ['ZH-hk', 'zh_TW'],
    ['zh-MO', 'zh_TW'],
    ['zh-Hant', 'zh_TW'],
    ['zh-Hant-CN', 'zh_TW'],
    ['en', 'en'],
    ['en-GB,en;q=0.9,zh-TW;q=0.8', 'en'],
    ['zh-TW;q=0.8,en;q=0.9', 'en'],
    ['en;q=0, zh-TW;q=0.1', 'zh_TW'],
    ['fr-FR,fr;q=0.9', 'en'],
    ['fr, zh-HK;q=0.2', 'zh_TW'],
    ['zha', 'en'],
    [',,;;q=,%%%;q=1,\u0000,zh-<script>', 'zh_CN'],
  ])('for %j is %s', (header, language) => {
    expect(weChatLanguage(header)).toBe(language);
  });

  test('is found in a header as long as the HTTP server takes', () => {
    expect(weChatLanguage(','.repeat(16_000))).toBe('zh_CN');
    expect(weChatLanguage(`${'zh-'.repeat(5_000)}<`)).toBe('zh_CN');
    expect(weChatLanguage(`${'fr;q=0.1,'.repeat(1_700)}zh-TW`)).toBe('zh_TW');
  });
});
