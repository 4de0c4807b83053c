import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { fixed } from './format.mjs';

const AIMS = 'aims';
const AIMS_HEAD = '| scenario | ratio | aim | measured | |\n|---|---|---|---|---|';
/** Where the part of a new scenario is inserted. */
const END = '<!-- npm run bench writes above this line -->';

/** Replaces the part of one scenario, and its rows in the table of aims; the rest of the Markdown file stays. */
export function writeReport(file, scenario, result) {
  writeFileSync(file, replaced(readFileSync(file, 'utf8'), scenario, result));
}

/** Replaces a part of another page, between its markers. */
export function writePart(file, name, markdown) {
  writeFileSync(file, replacePart(readFileSync(file, 'utf8'), name, markdown.trimEnd() + '\n'));
}

/** @returns the text with the new part @throws Error if the text lacks the markers */
export function replaced(text, scenario, result) {
  const withPart = replacePart(text, scenario.name, part(scenario, result));
  const rows = partOf(withPart, AIMS).split('\n');
  const others = rows.filter((row) => row.startsWith('| ') && !row.startsWith('| scenario |'));
  const kept = others.filter((row) => !row.startsWith(`| ${scenario.name} |`));
  // The place of its former rows; a new scenario comes last.
  const at = others.findIndex((row) => row.startsWith(`| ${scenario.name} |`));
  kept.splice(at < 0 ? kept.length : at, 0, ...aimRows(scenario, result));
  return replacePart(withPart, AIMS, `${AIMS_HEAD}\n${kept.join('\n')}\n`);
}

/** The part and the aims, for the console. */
export function printed(scenario, result) {
  const rows = aimRows(scenario, result);
  return `${part(scenario, result)}${rows.length > 0 ? `\n${AIMS_HEAD}\n${rows.join('\n')}\n` : ''}`;
}

function part({ title, report }, result) {
  return `### ${title}\n\n${machine(result.run)}\n\n${report(result).trimEnd()}\n`;
}

function aimRows({ name, aims = () => [] }, result) {
  return aims(result).map(({ what, most, least, measured }) => {
    const value = typeof measured === 'number' ? measured : measured.median;
    const met = most === undefined ? value >= least : value <= most;
    const bound = most === undefined ? `at least ${least}` : `at most ${most}`;
    const rounds =
      typeof measured === 'number' ? '' : ` (${fixed(measured.least)} to ${fixed(measured.most)})`;
    return `| ${name} | ${what} | ${bound} | **${fixed(value)}**${rounds} | ${met ? 'met' : 'missed'} |`;
  });
}

function machine({ date, servers, versions }) {
  const { database, flush, bufferPoolMb, redis } = servers;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured on ${date}: ${cpus().length} cores of ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}, Node ${process.version}, ${database} (innodb_flush_log_at_trx_commit ${flush}, buffer pool ${bufferPoolMb} MB), Redis ${redis}, ${packages.join(', ')}.`;
}

function partOf(text, name) {
  const { begin, end } = markers(name);
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no markers of ${name}`);
  return text.slice(from + begin.length, to);
}

function replacePart(text, name, content) {
  const { begin, end } = markers(name);
  const filled = `${begin}\n\n${content}\n${end}`;
  if (text.includes(begin)) return text.replace(`${begin}${partOf(text, name)}${end}`, () => filled);
  if (!text.includes(END)) throw new Error(`the document has no line ${END}`);
  return text.replace(END, () => `${filled}\n\n${END}`);
}

function markers(name) {
  return { begin: `<!-- bench ${name}: begin -->`, end: `<!-- bench ${name}: end -->` };
}
