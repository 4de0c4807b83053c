/** The capacity plan of docs/scaling.md: what a core carries, and worked examples, in both languages. */
import { cpus } from 'node:os';
import { fixed, whole } from './format.mjs';

/** The share of a core that a plan uses: the rest is for peaks within a second, roll-outs and a lost instance. */
export const HEADROOM = 0.6;

const HOURLY_LOGINS = 1_000_000;
/** A busy minute against the average of its hour. */
const PEAK = 3;
/** Operations of one login and what follows it: people stay for about half an hour. */
const FOLLOWING = { refresh: 2, verify: 10 };
/** First logins per second on the day of the launch. */
const LAUNCH = 200;

const TEXTS = {
  en: {
    operations: {
      miniProgramLogin: 'mini-program login',
      firstLogin: 'mini-program login, first',
      websiteLogin: 'website login, complete',
      refresh: 'refresh',
      verify: 'token check (`GET /v1/auth/verify`)',
    },
    capacity:
      '| | CPU µs: service | database | Redis | one core of the service carries, per second | one core of the database | one core of Redis | durable bytes (redo log) | fsyncs under load |',
    unlimited: 'no limit',
    demand: '| | per second | cores of the service | of the database | of Redis | redo log, MB/s |',
    average: 'average',
    peak: `peak, ${PEAK} ×`,
    launch: `${LAUNCH} first website logins a second`,
    measured: ({ run }) =>
      `From the run of ${run.date} on ${cpus()[0].model.trim()}, Node ${process.version}, ${run.servers.database} ([Performance](performance.md)). Rates leave ${Math.round((1 - HEADROOM) * 100)} % of each core free.`,
  },
  zh: {
    operations: {
      miniProgramLogin: '小程序登录',
      firstLogin: '小程序登录，首次',
      websiteLogin: '网站登录，完整流程',
      refresh: '刷新',
      verify: '校验令牌（`GET /v1/auth/verify`）',
    },
    capacity:
      '| | CPU 微秒：服务 | 数据库 | Redis | 服务的一个核每秒承受 | 数据库的一个核 | Redis 的一个核 | 落盘字节（redo log） | 有负载时的 fsync |',
    unlimited: '无限制',
    demand: '| | 每秒 | 服务的核数 | 数据库的核数 | Redis 的核数 | redo log，MB/s |',
    average: '平均',
    peak: `高峰，${PEAK} 倍`,
    launch: `每秒 ${LAUNCH} 次首次网站登录`,
    measured: ({ run }) =>
      `数据来自 ${run.date} 的测试：${cpus()[0].model.trim()}，Node ${process.version}，${run.servers.database}（[性能](performance.md)）。每秒的数字为每个核留出 ${Math.round((1 - HEADROOM) * 100)}% 的余量。`,
  },
};

/**
 * @param costs operation -> `{ service, database, redis, logBytes, fsyncs }`, CPU in µs per operation
 * @param result of the scenario, for the date and the servers
 * @returns one part for each language of the page
 */
export function capacityPages(costs, result) {
  return [
    { file: 'docs/scaling.md', name: 'capacity', markdown: page(costs, result, TEXTS.en) },
    { file: 'docs/scaling.zh-CN.md', name: 'capacity', markdown: page(costs, result, TEXTS.zh) },
  ];
}

/** Operations per second of one core with head-room. @param cpu µs per operation @returns Infinity for no cost */
export function perCore(cpu) {
  return cpu < 0.5 ? Infinity : (HEADROOM * 1e6) / cpu;
}

/** What a number of operations per second needs, with head-room. @param rates operation -> per second */
export function demandOf(rates, costs) {
  const sum = (of) =>
    Object.entries(rates).reduce((total, [operation, rate]) => total + rate * costs[operation][of], 0);
  const cores = (of) => sum(of) / 1e6 / HEADROOM;
  return {
    service: cores('service'),
    database: cores('database'),
    redis: cores('redis'),
    logMegabytes: sum('logBytes') / 1e6,
  };
}

function page(costs, result, text) {
  return `${text.measured(result)}

${text.capacity}
|---|---|---|---|---|---|---|---|---|
${Object.entries(costs)
  .map(([operation, cost]) => capacityRow(text.operations[operation], cost, text))
  .join('\n')}

${text.demand}
|---|---|---|---|---|---|
${demandRows(costs, text).join('\n')}
`;
}

function capacityRow(name, { service, database, redis, logBytes, fsyncs }, { unlimited }) {
  const core = (cpu) => (perCore(cpu) === Infinity ? unlimited : `**${rounded(perCore(cpu))}**`);
  return `| ${name} | ${whole(service)} | ${whole(database)} | ${whole(redis)} | ${core(service)} | ${core(database)} | ${core(redis)} | ${whole(logBytes)} | ${fixed(fsyncs)} |`;
}

function demandRows(costs, text) {
  const logins = HOURLY_LOGINS / 3_600;
  const day = (factor) => ({
    miniProgramLogin: logins * factor,
    refresh: logins * factor * FOLLOWING.refresh,
    verify: logins * factor * FOLLOWING.verify,
  });
  const row = (name, rates) => {
    const { service, database, redis, logMegabytes } = demandOf(rates, costs);
    const total = Object.values(rates).reduce((sum, rate) => sum + rate, 0);
    return `| ${name} | ${whole(total)} | ${fixed(service)} | ${fixed(database)} | ${fixed(redis)} | ${fixed(logMegabytes)} |`;
  };
  return [
    row(text.average, day(1)),
    row(text.peak, day(PEAK)),
    // What a first login costs more is measured in the mini program, where no picture comes with it.
    row(text.launch, { websiteLogin: LAUNCH, firstLogin: LAUNCH, miniProgramLogin: -LAUNCH }),
  ];
}

/** Two significant digits: a plan is not more precise. */
function rounded(value) {
  return whole(Number(value.toPrecision(2)));
}
