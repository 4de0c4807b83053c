import { describe, expect, test } from '@jest/globals';
import { qrConnectUrl } from '../../src/wechat/authorize-url.js';
import { escapeHtml } from '../../src/pages/html.js';
import { contentPolicy } from '../../src/pages/page.js';
import { contrast, rgb, type Rgb, WHITE } from '../../src/pages/color.js';
import { PAGE_LANGUAGES, pageLanguage } from '../../src/pages/language.js';
import { brandColors, brandStyle, onBrand, type Palette } from '../../src/pages/palette.js';
import { errorText } from '../../src/pages/texts.js';
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
    ['zh-TW,en;q=0.9', 'zh-Hant'],
    ['en', 'en'],
    ['EN-gb', 'en'],
    ['en-US,en;q=0.9,zh-CN;q=0.8', 'en'],
    ['zh-CN;q=0.8,en;q=0.9', 'en'],
    ['en;q=0.5, zh;q=0.5', 'en'],
    ['en;q=0,zh;q=0.1', 'zh-CN'],
    ['fr, en;q=0.2', 'en'],
    ['en;q=nonsense', 'en'],
    ['zh-Hant', 'zh-Hant'],
    ['zh_HK', 'zh-Hant'],
    ['zh-Hant-CN', 'zh-Hant'],
    ['zh-Hans-TW', 'zh-CN'],
    ['zh-SG,zh-TW', 'zh-CN'],
    ['zha,zh-MO', 'zh-Hant'],
    [',,;;', 'zh-CN'],
  ])('for %j is %s', (header, language) => {
    expect(pageLanguage(header)).toBe(language);
  });

  test('has the same texts in all', () => {
    const shape = (texts: object): string[] =>
      Object.entries(texts)
        .flatMap(([name, text]: [string, unknown]) =>
          typeof text === 'object' && text !== null ? shape(text).map((inner) => `${name}.${inner}`) : [name],
        )
        .sort();
    for (const language of PAGE_LANGUAGES) {
      expect([language, shape(LOGIN_TEXTS[language])]).toEqual([language, shape(LOGIN_TEXTS['zh-CN'])]);
      expect(LOGIN_TEXTS[language].language).toBe(language);
    }
  });

  test('has something to say about any error', () => {
    expect(errorText('en', 'LOGIN_DENIED')).toBe('You cancelled this login in WeChat.');
    expect(errorText('en', 'SOMETHING_NEW')).toBe(errorText('en', 'OTHER'));
    expect(errorText('zh-Hant', 'LOGIN_DENIED')).toBe('你已在微信中取消登入。');
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

describe.each([
  '#07c160',
  '#ffffff',
  '#ffe600',
  '#000000',
  '#010101',
  '#808080',
  '#0000ff',
  '#ff0000',
  '#7fffd4',
])('BRAND_COLOR %s', (color) => {
  const { both, light, dark } = brandColors(color);
  const at = (palette: Palette, name: string): Rgb => {
    const found = palette[name];
    if (!found) throw new Error(`no ${name}`);
    return found;
  };
  const ratio = (one: Rgb, other: Rgb): number => contrast(one, other);

  test.each([
    ['light', light],
    ['dark', dark],
  ] as const)('is readable as text, and seen as a mark, in the %s scheme', (_name, scheme) => {
    for (const ground of ['ground', 'card', 'sunken', 'tint'])
      expect([ground, ratio(at(scheme, 'strong'), at(scheme, ground)) >= 4.5]).toEqual([ground, true]);
    expect(ratio(at(scheme, 'graphic'), at(scheme, 'card'))).toBeGreaterThanOrEqual(3);
    expect(ratio(at(scheme, 'fill-edge'), at(scheme, 'card'))).toBeGreaterThanOrEqual(3);
  });

  test('carries readable text, and is seen on paper and beside the steps', () => {
    expect(ratio(at(both, 'on-fill'), at(both, 'fill'))).toBeGreaterThanOrEqual(4.5);
    expect(ratio(at(both, 'paper'), WHITE)).toBeGreaterThanOrEqual(3);
    expect(ratio(at(both, 'on-hero'), at(both, 'hero'))).toBeGreaterThanOrEqual(4.5);
    expect(ratio(rgb('#ffffff'), at(both, 'hero'))).toBeGreaterThanOrEqual(4.5);
    expect(ratio(rgb(onBrand(color)), rgb(color))).toBeGreaterThanOrEqual(4.5);
  });
});

test('BRAND_COLOR is used as it is wherever it can be read', () => {
  expect(brandStyle('#ffe600')).toContain('--brand:#ffe600;--fill:#ffe600;--on-fill:#111a16');
  expect(brandStyle('#00358a')).toContain('--fill:#00358a;--on-fill:#ffffff');
  expect(brandStyle('#00358a')).toContain('--strong:#00358a');
});
