import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

const SCRIPT = resolve('scripts/translations.mjs');

/** Pages that have no fault, by path. */
const PAGES: Readonly<Record<string, string>> = {
  'README.md': '# Name\n\n[Guide](docs/guide/README.md)\n',
  'README.zh-CN.md': '# 名称\n\n[文档](docs/guide/README.zh-CN.md)\n',
  'docs/errors.md': '# Errors\n',
  'docs/errors.zh-CN.md': '# 错误码\n',
  'docs/webhooks.md': '# Webhooks\n',
  'docs/webhooks.zh-CN.md': '# Webhook\n',
  'docs/verifying-tokens.md': '# Tokens\n',
  'docs/verifying-tokens.zh-CN.md': '# 令牌\n',
  'docs/privacy.md': '# Privacy\n',
  'docs/privacy.zh-CN.md': '# 个人信息\n',
  'docs/scaling.md': '# Scaling\n',
  'docs/scaling.zh-CN.md': '# 容量\n',
  'docs/openid-conformance.md': '# OpenID Connect\n',
  'docs/openid-conformance.zh-CN.md': '# OpenID Connect\n',
  'sandbox/README.md': '# Sandbox\n',
  'sandbox/README.zh-CN.md': '# 沙箱\n',
  'sdk/web/README.md': '# Web\n',
  'sdk/web/README.zh-CN.md': '# 网站\n',
  'docs/guide/README.md': '# Guide\n\n[Page](page.md)\n',
  'docs/guide/README.zh-CN.md': '# 文档\n\n[页面](page.zh-CN.md)\n',
  'docs/guide/page.md': [
    '# Page',
    '## The `code`, twice: a test',
    '[it](#the-code-twice-a-test), [elsewhere](https://example.com/x.md), [errors](../errors.md)',
    '```js',
    "say('hello', `Hello ${name}`) // to everybody",
    "fetch('https://example.com')",
    '```',
    '```sh',
    'curl $S # a reply',
    '```',
    '',
  ].join('\n'),
  'docs/guide/page.zh-CN.md': [
    '# 页面',
    '## 代码、示例：测试',
    '[这里](#代码示例测试), [别处](https://example.com/x.md), [错误码](../errors.zh-CN.md)',
    '```js',
    '// 向所有人',
    "say('你好', `你好，${name}`)",
    "fetch('https://example.com')",
    '```',
    '```sh',
    'curl $S',
    '```',
    '',
  ].join('\n'),
};

/** The line by which a page leads to itself in the other language. */
function linkToOtherLanguage(path: string): string {
  const name = basename(path);
  const other = name.endsWith('.zh-CN.md')
    ? name.replace('.zh-CN.md', '.md')
    : name.replace('.md', '.zh-CN.md');
  return `\n[other language](${other})\n`;
}

describe('the check of the documentation', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pages-'));
  });
  beforeEach(() => {
    rmSync(folder, { recursive: true });
    for (const [path, text] of Object.entries(PAGES)) write(path, text + linkToOtherLanguage(path));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  /** Writes a page with one text replaced by another. */
  function change(path: string, before: string, after: string): void {
    const text = PAGES[path] ?? '';
    if (!text.includes(before)) throw new Error(`${path} does not have ${before}`);
    write(path, text.replace(before, after) + linkToOtherLanguage(path));
  }
  function faults(): string {
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT], { cwd: folder, encoding: 'utf8' });
    expect(status).toBe(stderr === '' ? 0 : 1);
    return stderr;
  }

  test('passes where comments and Chinese texts differ and nothing else does', () => {
    expect(faults()).toBe('');
  });

  test.each([
    ['a page is in one language only', 'docs/guide/only.md', '# Only', 'no docs/guide/only.zh-CN.md'],
    [
      'a package is described in one language only',
      'sdk/node/README.md',
      '# Node',
      'no sdk/node/README.zh-CN.md',
    ],
    ['a README is too long', 'README.md', `# Name\n${'\n'.repeat(200)}end`, 'README.md: has 202 lines'],
    [
      'a page has no link to the other language',
      'docs/errors.md',
      '# Errors',
      'does not link to errors.zh-CN.md',
    ],
    ['a Chinese page writes 帐号', 'docs/privacy.zh-CN.md', '# 帐号', 'write 账号'],
  ])('fails where %s', (_what, path, text, fault) => {
    write(path, text);
    expect(faults()).toContain(fault);
  });

  test.each([
    ['code differs', "'https://example.com'", "'https://example.org'", 'zh-CN.md:4: this code block differs'],
    ['a text is not Chinese', "'你好'", "'salut'", 'this code block differs'],
    ['a line is missing', "\nfetch('https://example.com')", '', 'this code block differs'],
    ['a block is missing', '```sh\ncurl $S\n```\n', '', 'has 1 code blocks'],
    ['a block is of another language', '```sh', '```python', 'this code block differs'],
    ['a heading has another level', '## 代码', '### 代码', 'its headings are # ###'],
    ['a link leads to no heading', '(#代码示例测试)', '(#代码)', 'has no heading #代码'],
    ['a link leads to no file', '../errors.zh-CN.md', '../error.zh-CN.md', 'there is no docs/error.zh-CN.md'],
    ['a link leads to the English page', '../errors.zh-CN.md', '../errors.md', 'although there is'],
  ])('fails where in the Chinese page %s', (_what, before, after, fault) => {
    change('docs/guide/page.zh-CN.md', before, after);
    expect(faults()).toContain(fault);
  });

  test('fails where the index does not list a page', () => {
    change('docs/guide/README.md', '[Page](page.md)', '');
    expect(faults()).toContain('docs/guide/README.md: does not list docs/guide/page.md');
  });
});
