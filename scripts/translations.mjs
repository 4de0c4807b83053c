// Checks the documentation: pages exist in English and Chinese with the same headings and code, links lead somewhere,
// the READMEs stay short. `NAME.md` is in English, `NAME.zh-CN.md` in Chinese.
//
// A code block is the same in both languages, except for comments and Chinese texts: the text between two of the
// characters ' " ` < > { } may differ if it contains Chinese characters.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';

const GUIDE = 'docs/guide';
/** Pages outside of the guide that have to be in both languages. */
const OTHER_PAGES = [
  'README',
  'docs/errors',
  'docs/webhooks',
  'docs/verifying-tokens',
  'docs/privacy',
  'docs/scaling',
  'docs/openid-conformance',
  'sandbox/README',
];
const README_LINES = 200;

const CHINESE = '.zh-CN.md';
/** A Chinese character or punctuation mark. */
const HAN = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u;
const DELIMITER = /(['"`<>{}])/;
/** Comments by the language of a block. A `#` or `//` begins one only after a space: it may be part of a URL. */
const SLASHES = [/\/\*[\s\S]*?\*\//g, /<!--[\s\S]*?-->/g, /(^|\s)\/\/(?: .*)?$/gm];
const HASH = [/(^|\s)#(?: .*)?$/gm];
const COMMENTS = {
  js: SLASHES,
  ts: SLASHES,
  html: SLASHES,
  go: SLASHES,
  java: SLASHES,
  css: SLASHES,
  sh: HASH,
  php: SLASHES,
  python: HASH,
  yaml: HASH,
  nginx: HASH,
  ini: HASH,
  sql: [/(^|\s)--(?: .*)?$/gm],
};

const faults = [];

/**
 * The parts of a page that are compared, and its links.
 * @returns headings { level, text }, code blocks { language, code, line }, links { target, line }; lines count from 1
 */
function read(file) {
  const headings = [];
  const blocks = [];
  const links = [];
  let block = null;
  for (const [at, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const fence = /^(\s*)(`{3,})([\w-]*)/.exec(line);
    if (block) {
      if (fence && fence[2] === block.fence) block = null;
      else block.code.push(line.slice(block.indent));
    } else if (fence) {
      block = { fence: fence[2], indent: fence[1].length, language: fence[3], code: [], line: at + 1 };
      blocks.push(block);
    } else {
      const heading = /^(#+) (.*?)\s*$/.exec(line);
      if (heading) headings.push({ level: heading[1].length, text: heading[2] });
      const prose = line.replace(/`[^`]*`/g, '');
      for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) links.push({ target, line: at + 1 });
      for (const [, target] of prose.matchAll(/<(?:img|a)\s[^>]*?(?:src|href)="([^"]+)"/g)) {
        links.push({ target, line: at + 1 });
      }
    }
  }
  return { headings, blocks, links };
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(headings) {
  const seen = new Map();
  return headings.map(({ text }) => {
    const words = text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** The code of a block without its comments and blank lines. */
function linesOf({ language, code }) {
  const bare = (COMMENTS[language] ?? []).reduce(
    (text, comment) => text.replace(comment, ''),
    code.join('\n'),
  );
  return bare
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '');
}

function isSameLine(english, chinese) {
  if (english === chinese) return true;
  if (english === undefined || chinese === undefined) return false;
  const [one, other] = [english, chinese].map((line) => line.split(DELIMITER));
  return one.length === other.length && one.every((part, at) => part === other[at] || HAN.test(other[at]));
}

function comparePages(english, chinese) {
  const [one, other] = [english, chinese].map(read);
  for (const [page, file, counterpart] of [
    [one, english, chinese],
    [other, chinese, english],
  ]) {
    const name = basename(counterpart);
    if (!page.links.some(({ target }) => target === name)) faults.push(`${file}: does not link to ${name}`);
  }
  const levels = ({ headings }) => headings.map(({ level }) => '#'.repeat(level)).join(' ');
  if (levels(one) !== levels(other)) {
    faults.push(`${chinese}: its headings are ${levels(other)}, those of ${english} are ${levels(one)}`);
  }
  if (one.blocks.length !== other.blocks.length) {
    faults.push(`${chinese}: has ${other.blocks.length} code blocks, ${english} has ${one.blocks.length}`);
    return;
  }
  for (const [at, block] of one.blocks.entries()) {
    const counterpart = other.blocks[at];
    const [left, right] = [block, counterpart].map(linesOf);
    const length = Math.max(left.length, right.length);
    const differs = Array.from({ length }).findIndex((_, line) => !isSameLine(left[line], right[line]));
    if (block.language !== counterpart.language || differs !== -1) {
      faults.push(
        `${chinese}:${counterpart.line}: this code block differs from ${english}:${block.line}\n` +
          `    ${block.language}: ${left[differs] ?? ''}\n    ${counterpart.language}: ${right[differs] ?? ''}`,
      );
    }
  }
  if (readFileSync(chinese, 'utf8').includes('帐号')) faults.push(`${chinese}: write 账号, not 帐号`);
}

/** A link to a file or a heading of this repository; other links are not checked. */
function checkLink(file, { target, line }) {
  if (/^[a-z][a-z+.-]*:/.test(target)) return;
  const [path, anchor] = target.split('#').map(decodeURIComponent);
  const to = path === '' ? file : normalize(join(dirname(file), path));
  const at = `${file}:${line}`;
  if (!existsSync(to)) {
    faults.push(`${at}: there is no ${to}`);
    return;
  }
  if (anchor && to.endsWith('.md') && !anchorsOf(read(to).headings).includes(anchor)) {
    faults.push(`${at}: ${to} has no heading #${anchor}`);
  }
  const translated = to.replace(/(?:\.zh-CN)?\.md$/, CHINESE);
  if (file.endsWith(CHINESE) && to !== translated && existsSync(translated) && file !== translated) {
    faults.push(`${at}: links to ${to} although there is ${translated}`);
  }
}

const pagesIn = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => join(folder, name));
const inRoot = readdirSync('.').filter((name) => name.endsWith('.md'));
const inPackages = pagesIn('sdk');
const all = [...inRoot, ...pagesIn('docs'), ...pagesIn('sandbox'), ...inPackages];

const inGuide = all.filter((file) => dirname(file) === GUIDE);
const inBoth = [...inGuide, ...inPackages.filter((file) => /README(?:\.zh-CN)?\.md$/.test(file))];
const paired = new Set([...OTHER_PAGES, ...inBoth.map((file) => file.replace(/(?:\.zh-CN)?\.md$/, ''))]);
for (const page of paired) {
  const [english, chinese] = [`${page}.md`, `${page}${CHINESE}`];
  const missing = [english, chinese].filter((file) => !existsSync(file));
  if (missing.length > 0) faults.push(`there is no ${missing.join(' and no ')}`);
  else comparePages(english, chinese);
}

for (const file of all) for (const link of read(file).links) checkLink(file, link);

for (const index of [`${GUIDE}/README.md`, `${GUIDE}/README${CHINESE}`]) {
  const linked = read(index).links.map(({ target }) => target);
  for (const file of inGuide) {
    const isOfThisLanguage = file.endsWith(CHINESE) === index.endsWith(CHINESE);
    if (isOfThisLanguage && file !== index && !linked.includes(relative(GUIDE, file))) {
      faults.push(`${index}: does not list ${file}`);
    }
  }
}

for (const readme of ['README.md', `README${CHINESE}`]) {
  const lines = readFileSync(readme, 'utf8').trimEnd().split('\n').length;
  if (lines > README_LINES) faults.push(`${readme}: has ${lines} lines, more than ${README_LINES}`);
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
