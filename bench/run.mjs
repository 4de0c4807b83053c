/**
 * Installs the packages of bench/, builds the service, measures, and writes the tables of docs/performance.md.
 *
 *   npm run bench                 about 6 minutes
 *   npm run bench -- --quick      a smoke run of a minute; prints its tables and does not write the document
 *   npm run bench -- --no-build   does not build dist/ again
 *
 * BENCH_DATABASE_URL (default mysql://root@127.0.0.1:3306/): a server where databases may be created and dropped.
 * BENCH_REDIS_URL (default redis://127.0.0.1:6379/11): an empty Redis database; it is emptied afterwards.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FULL = { seconds: 3, warmUpSeconds: 3, rounds: 7, concurrency: 16, people: 1600, profileSeconds: 4 };
const QUICK = { seconds: 1, warmUpSeconds: 0.5, rounds: 2, concurrency: 16, people: 160, profileSeconds: 1 };

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const document = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const arguments_ = new Set(process.argv.slice(2));
const isQuick = arguments_.has('--quick');

if (!existsSync(`${here}node_modules/.package-lock.json`)) {
  command('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], here);
}
if (!arguments_.has('--no-build')) command('npm', ['run', 'build'], root);

// These modules need the packages that were installed just now.
const { runBenchmark } = await import('./benchmark.mjs');
const { stopAll } = await import('./processes.mjs');
const { report, writeReport } = await import('./report/document.mjs');

for (const signal of ['SIGINT', 'SIGTERM']) {
  // The run then fails at its current step, and cleans up.
  process.once(signal, () => void stopAll());
}
const results = await runBenchmark(isQuick ? QUICK : FULL, (text) => console.log(text));
if (isQuick) console.log(`\n${report(results)}`);
else writeReport(document, results);

function command(name, args, cwd) {
  const { status } = spawnSync(name, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
