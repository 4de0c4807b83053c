import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem, type, release } from 'node:os';
import { ratio, spread } from './statistics.mjs';

const BEGIN = '<!-- written by npm run bench: begin -->';
const END = '<!-- written by npm run bench: end -->';

const TITLES = {
  miniProgramLogin: 'Mini-program login of a returning person',
  websiteLogin: 'Website login of a returning person, complete',
  refresh: 'Refresh',
  verify: 'Token check (`GET /v1/auth/verify`)',
};

/** The aims: operation, measure, contestant to compare with, and the bound. */
const AIMS = [
  { operation: 'miniProgramLogin', measure: 'cpuPerOperation', to: 'floor', most: 2 },
  { operation: 'websiteLogin', measure: 'cpuPerOperation', to: 'floor', most: 2 },
  { operation: 'websiteLogin', measure: 'perSecond', to: 'better-auth', least: 3 },
  { operation: 'verify', measure: 'perSecond', to: 'bare', least: 0.4 },
];

const MEASURES = { cpuPerOperation: 'CPU', perSecond: 'throughput' };

/** Writes the results between the markers of a Markdown file; the text around them stays. */
export function writeReport(file, results) {
  const text = readFileSync(file, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${file} has no markers`);
  writeFileSync(file, `${text.slice(0, begin + BEGIN.length)}\n\n${report(results)}\n${text.slice(end)}`);
}

/** The generated part, as Markdown. */
export function report({ rounds, profiles, settings }) {
  return [
    machine(settings),
    aims(rounds),
    ...Object.entries(rounds).map(([operation, of]) => operationTable(operation, of)),
    ...Object.entries(profiles).map(([operation, profile]) =>
      profileTable(operation, profile, rounds[operation]),
    ),
  ].join('\n');
}

function machine({ date, seconds, rounds, concurrency, people, servers, versions }) {
  const { database, flush, redis } = servers;
  return `Measured on ${date}: ${cpus().length} cores of ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}, Node ${process.version}, ${database} (innodb_flush_log_at_trx_commit ${flush}), Redis ${redis}, better-auth ${versions['better-auth']}, fastify ${versions.fastify}, undici ${versions.undici}, mysql2 ${versions.mysql2}. ${rounds} rounds of ${seconds} s for each, ${concurrency} clients, ${people} people. Values are the median of the rounds, with the least and the most in brackets.
`;
}

function aims(rounds) {
  const lines = AIMS.filter(({ operation, to }) => rounds[operation]?.[0][to]).map((aim) => {
    const { median, least, most } = ratio(rounds[aim.operation], 'service', aim.to, aim.measure);
    const bound = aim.most === undefined ? `at least ${aim.least}` : `at most ${aim.most}`;
    const met = aim.most === undefined ? median >= aim.least : median <= aim.most;
    return `| ${TITLES[aim.operation]}: ${MEASURES[aim.measure]} against ${aim.to} | ${bound} | **${fixed(median)}** (${fixed(least)} to ${fixed(most)}) | ${met ? 'met' : 'missed'} |`;
  });
  return `### Aims

| ratio | aim | measured, round by round | |
|---|---|---|---|
${lines.join('\n')}
`;
}

function operationTable(operation, rounds) {
  const lines = Object.keys(rounds[0]).map((contestant) => {
    const of = (measure) => spread(rounds.map((round) => round[contestant][measure]));
    const against = (measure) => {
      if (contestant === 'service') return '1';
      const { median, least, most } = ratio(rounds, 'service', contestant, measure);
      return `${fixed(median)} (${fixed(least)} to ${fixed(most)})`;
    };
    return `| ${contestant} | ${range(of('perSecond'))} | ${fixed(of('p50').median)} | ${fixed(of('p99').median)} | ${range(of('cpuPerOperation'))} | ${percent(of('busy').median)} | ${failures(rounds, contestant)} | ${against('perSecond')} | ${against('cpuPerOperation')} |`;
  });
  return `### ${TITLES[operation]}

| | operations/s | p50 ms | p99 ms | CPU µs per operation | busy | failed | service's throughput against it | service's CPU against it |
|---|---|---|---|---|---|---|---|---|
${lines.join('\n')}
`;
}

function profileTable(operation, { packages, functions }, rounds) {
  const cpu = spread(rounds.map((round) => round.service.cpuPerOperation)).median;
  const row = ([name, share]) => `| ${name} | ${percent(share)} | ${Math.round(share * cpu)} |`;
  return `### Where the time goes: ${TITLES[operation]}

| code | self time | µs |
|---|---|---|
${packages.slice(0, 14).map(row).join('\n')}

| function | self time | µs |
|---|---|---|
${functions.slice(0, 10).map(row).join('\n')}
`;
}

/** Over all rounds. */
function failures(rounds, contestant) {
  return rounds.reduce((sum, round) => sum + round[contestant].failed, 0);
}

function range({ median, least, most }) {
  return `${whole(median)} (${whole(least)} to ${whole(most)})`;
}

function whole(value) {
  return Math.round(value).toLocaleString('en-US');
}

function fixed(value) {
  return value.toFixed(value < 10 ? 2 : 1);
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}
