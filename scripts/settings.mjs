// .env.example and the tables of the configuration pages, made from src/config/settings: `--write` writes them,
// without it a difference is a failure.
import 'reflect-metadata';
import { existsSync, readFileSync } from 'node:fs';
import { COMPOSE } from '../dist/config/settings/compose.js';
import { allSettings, settingSections } from '../dist/config/settings.js';
import { interpolated } from './compose-files.mjs';
import { writeOrCompare } from './generated.mjs';

const WIDTH = 118;
const COMMAND = 'npm run settings';
const PAGES = { en: 'docs/guide/configuration.md', zh: 'docs/guide/configuration.zh-CN.md' };
const WORDS = {
  en: {
    columns: ['Variable', 'Default', 'Meaning'],
    none: 'none',
    secret: '(secret) ',
    example: 'Example: ',
  },
  zh: { columns: ['变量', '默认值', '说明'], none: '无', secret: '（密钥）', example: '示例：' },
};

const known = new Set(allSettings().map(([name]) => name));
for (const name of interpolated()) {
  if (known.has(name) || name in COMPOSE.variables) continue;
  console.error(`docker-compose.yml reads ${name}, which src/config/settings does not describe`);
  process.exitCode = 1;
}
await writeOrCompare('.env.example', environmentExample(), COMMAND);
for (const [language, file] of Object.entries(PAGES)) {
  if (!existsSync(file)) throw new Error(`${file} is missing`);
  await writeOrCompare(file, withTables(readFileSync(file, 'utf8'), language), COMMAND);
}

function environmentExample() {
  const head = `# Settings of wechat-auth. Copy this file to .env and change what has to differ; to try the service, nothing has to.
# Variables of the environment win over this file. Durations are 90s, 15m, 12h or 30d; lists are separated by commas.
# Variables marked (secret) may also come as NAME_FILE, the path of a mounted file, in place of NAME.
# This file is generated from src/config/settings by \`${COMMAND}\`.
`;
  const [server, ...others] = settingSections().map(({ title, settings }) =>
    part(title, Object.entries(settings).map(example)),
  );
  const compose = part(COMPOSE.title, Object.entries(COMPOSE.variables).map(composeExample));
  return [head, server, compose, ...others].join('\n');
}

function part(title, entries) {
  return `# --- ${title.en} ---\n\n${entries.join('\n')}`;
}

function example([name, setting]) {
  const secret = setting.secret ? '(secret) ' : '';
  const lines = wrapped(plain(`${secret}${setting.en}${defaultNote(setting)}`));
  const values = setting.default
    ? [setting.default, ...(setting.examples ?? [])]
    : (setting.examples ?? ['']);
  return [...lines, ...values.map((value) => `# ${name}=${quoted(value)}`), ''].join('\n');
}

function composeExample([name, { en, default: value, isSet }]) {
  return [...wrapped(plain(en)), `${isSet ? '' : '# '}${name}=${value}`, ''].join('\n');
}

function defaultNote({ default: text, otherwise }) {
  if (text) return '';
  return ` Default: ${otherwise?.en ?? 'none'}.`;
}

/** In quotes where a `#` would begin a comment. */
function quoted(value) {
  return value.includes('#') ? `"${value}"` : value;
}

/** Without the marks of Markdown. */
function plain(text) {
  return text.replaceAll('`', '');
}

/** Comment lines of at most WIDTH characters. */
function wrapped(text) {
  const lines = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** The page with each `<!-- settings -->` block made anew. */
function withTables(page, language) {
  const [begin, end] = ['<!-- settings -->', '<!-- /settings -->'];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${PAGES[language]} has no ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${tables(language)}\n${page.slice(to)}`;
}

function tables(language) {
  const [server, ...others] = settingSections().map(({ title, settings }) =>
    table(title[language], Object.entries(settings), language),
  );
  const variables = Object.entries(COMPOSE.variables);
  return [server, table(COMPOSE.title[language], variables, language), ...others].join('\n');
}

function table(title, entries, language) {
  const { columns, secret, example: word } = WORDS[language];
  const rows = entries.map(([name, setting]) => {
    const examples = setting.examples ? ` ${word}${setting.examples.map(code).join(', ')}` : '';
    const meaning = `${setting.secret ? secret : ''}${setting[language]}${examples}`;
    return [code(name), defaultCell(setting, language), meaning].map(cell);
  });
  const lines = [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  return `## ${title}\n\n${lines.join('\n')}\n`;
}

function defaultCell({ default: text, otherwise }, language) {
  if (text) return code(text);
  return otherwise?.[language] ?? WORDS[language].none;
}

function code(text) {
  return `\`${text}\``;
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}
