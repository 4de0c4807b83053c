/**
 * Installs the packages of bench/, builds the service, measures scenarios, and writes their tables into
 * docs/performance.md.
 *
 *   npm run bench                      all scenarios that are short
 *   npm run bench -- operations nodes  these scenarios; each replaces its own part of the document and its own aims
 *   npm run bench -- --list            what there is
 *   npm run bench -- --quick [NAME …]  a smoke run; prints its tables and does not write the document
 *   npm run bench -- --no-build        does not build dist/ again
 *
 * Each scenario starts a MariaDB and a Redis of its own, if `mariadbd` and `redis-server` are installed. Otherwise, or
 * if these are set, it uses:
 * BENCH_DATABASE_URL (default mysql://root@127.0.0.1:3306/): a server where databases may be created and dropped.
 * BENCH_REDIS_URL (default redis://127.0.0.1:6379/11): an empty Redis database; it is emptied afterwards.
 *
 * A scenario is a module bench/scenarios/NAME.mjs. It exports:
 *
 *   title            the heading of its part of the document
 *   database         optional; `{ bufferPoolMb }` of the database that is started for it (default 512)
 *   isShort          true: part of `npm run bench` without names
 *   sizes            `{ full, quick }`: what `context.size` is in a whole and in a smoke run
 *   measure(context) async; measures and returns plain data. bench/context.mjs says what a context contains
 *   report(result)   Markdown, without the heading; headings inside begin with ####
 *   aims(result)     optional; `[{ what, most | least, measured }]`, rows of the table of aims. `measured` is a number
 *                    or a spread `{ median, least, most }`; `what` names both sides of the ratio
 *
 *   pages(result)    optional; `[{ file, name, markdown }]`, parts of other pages between markers like those of
 *                    docs/performance.md
 *
 * A scenario leaves nothing behind: processes, databases, Redis keys and the folder of its context are cleaned up.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { install } from '../scripts/install.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const document = fileURLToPath(new URL('../docs/performance.md', import.meta.url));

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    build: { type: 'boolean', default: true },
  },
  allowNegative: true,
});

install('bench');
const scenarios = await load();
if (options.list) {
  for (const { name, title, isShort } of scenarios)
    console.log(`${name}: ${title}${isShort ? '' : ' (only by name)'}`);
} else {
  await run();
}

async function run() {
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}; see --list`);
  if (options.build) command('npm', ['run', 'build'], root);
  // These modules need the packages that were installed just now.
  const { withContext } = await import('./context.mjs');
  const { stopAll } = await import('./processes.mjs');
  const { printed, writePart, writeReport } = await import('./report/document.mjs');
  const print = (scenario, result) => {
    console.log(`\n${printed(scenario, result)}`);
    for (const { file, markdown } of scenario.pages?.(result) ?? []) console.log(`${file}\n\n${markdown}`);
  };
  const write = (scenario, result) => {
    writeReport(document, scenario, result);
    for (const { file, name, markdown } of scenario.pages?.(result) ?? [])
      writePart(`${root}${file}`, name, markdown);
  };
  let isStopped = false;
  for (const signal of ['SIGINT', 'SIGTERM']) {
    // The run then fails at its current step, and cleans up.
    process.once(signal, () => {
      isStopped = true;
      void stopAll();
    });
  }
  for (const scenario of scenarios.filter(({ name, isShort }) =>
    names.length === 0 ? isShort : names.includes(name),
  )) {
    console.log(`\n${scenario.title}`);
    try {
      const result = await withContext(scenario, options.quick, (context) => scenario.measure(context));
      if (options.quick) print(scenario, result);
      else write(scenario, result);
    } catch (error) {
      // The others are measured nevertheless.
      console.error(error);
      process.exitCode = 1;
      if (isStopped) break;
    }
  }
}

/** All scenarios: `operations` first, the others by name. */
async function load() {
  const files = readdirSync(`${here}scenarios`).filter((file) => file.endsWith('.mjs'));
  const found = await Promise.all(
    files.map(async (file) => ({ name: file.slice(0, -4), ...(await import(`./scenarios/${file}`)) })),
  );
  const rank = ({ name }) => (name === 'operations' ? '' : name);
  return found.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function command(name, args, cwd) {
  const { status } = spawnSync(name, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
