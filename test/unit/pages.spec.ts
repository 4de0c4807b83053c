import { describe, expect, test } from '@jest/globals';
import { qrConnectUrl } from '../../src/wechat/authorize-url.js';
import { escapeHtml } from '../../src/pages/html.js';
import { contentPolicy } from '../../src/pages/page.js';
import { errorText, pageLanguage } from '../../src/pages/texts.js';
import { LOGIN_TEXTS } from '../../src/web-qr-login/pages/texts.js';

describe("the address of WeChat's QR page", () => {
  test('has the parameters in the order of WeChat, encoded, and the fragment at its end', () => {
    expect(
      qrConnectUrl(
        'https://open.weixin.qq.com',
        'wx0123456789abcdef',
        'https://login.example.com/auth/v1/web-qr-login/callback?a=b&c=d',
        'State0123',
        'zh_TW',
      ),
    ).toBe(
      'https://open.weixin.qq.com/connect/qrconnect?appid=wx0123456789abcdef' +
        '&redirect_uri=https%3A%2F%2Flogin.example.com%2Fauth%2Fv1%2Fweb-qr-login%2Fcallback%3Fa%3Db%26c%3Dd' +
        '&response_type=code&scope=snsapi_login&state=State0123#wechat_redirect',
    );
  });
});

describe('the language of a page', () => {
  test.each([
    [undefined, 'zh-CN'],
    ['', 'zh-CN'],
    ['*', 'zh-CN'],
    ['fr-FR,fr;q=0.9', 'zh-CN'],
    ['zh', 'zh-CN'],
    ['zh-TW,en;q=0.9', 'zh-CN'],
    ['en', 'en'],
    ['EN-gb', 'en'],
    ['en-US,en;q=0.9,zh-CN;q=0.8', 'en'],
    ['zh-CN;q=0.8,en;q=0.9', 'en'],
    ['en;q=0.5, zh;q=0.5', 'en'],
    ['en;q=0,zh;q=0.1', 'zh-CN'],
    ['fr, en;q=0.2', 'en'],
    ['en;q=nonsense', 'en'],
    [',,;;', 'zh-CN'],
  ])('for %j is %s', (header, language) => {
    expect(pageLanguage(header)).toBe(language);
  });

  test('has the same texts in both', () => {
    const shape = (texts: object): string[] =>
      Object.entries(texts)
        .flatMap(([name, text]: [string, unknown]) =>
          typeof text === 'object' && text !== null ? shape(text).map((inner) => `${name}.${inner}`) : [name],
        )
        .sort();
    expect(shape(LOGIN_TEXTS.en)).toEqual(shape(LOGIN_TEXTS['zh-CN']));
  });

  test('has something to say about any error', () => {
    expect(errorText('en', 'LOGIN_DENIED')).toBe('You cancelled this login in WeChat.');
    expect(errorText('en', 'SOMETHING_NEW')).toBe(errorText('en', 'OTHER'));
    expect(errorText('zh-CN', 'INTERNAL_ERROR')).toBe(errorText('zh-CN', 'OTHER'));
  });
});

test('text from elsewhere cannot leave its place in a page', () => {
  expect(escapeHtml(`<a href="x" title='y'>&amp;</a>`)).toBe(
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;',
  );
});

describe('the Content-Security-Policy of a page', () => {
  test('allows forms where the page names their targets, and nowhere else', () => {
    expect(contentPolicy('n').split('; ')).toContain("form-action 'none'");
    const formActions = ["'self'", 'https://partner.example', 'myapp:'];
    expect(contentPolicy('n', { formActions }).split('; ')).toContain(
      "form-action 'self' https://partner.example myapp:",
    );
  });
});
