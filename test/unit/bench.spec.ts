import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}
interface Aim {
  readonly what: string;
  readonly most?: number;
  readonly least?: number;
  readonly measured: number | Spread;
}
interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly isShort: boolean;
  readonly sizes: { readonly full: object; readonly quick: object };
  readonly measure: unknown;
  readonly report: (result: never) => string;
  readonly aims?: (result: never) => Aim[];
}
type Replaced = (text: string, scenario: Scenario, result: object) => string;
type Rounds = Record<string, Record<string, number>>[];
type Ratio = (rounds: Rounds, of: string, to: string, measure: string) => Spread;
type LimitOf = (result: object, processes: number, cores: number) => string;
type DemandOf = (
  rates: Record<string, number>,
  costs: Record<string, Record<string, number>>,
) => Record<string, number>;

async function load<T>(path: string): Promise<T> {
  return (await import(resolve('bench', path))) as T;
}

const { replaced } = await load<{ replaced: Replaced }>('report/document.mjs');
const { ratio } = await load<{ ratio: Ratio }>('report/statistics.mjs');
const { limitOf } = await load<{ limitOf: LimitOf }>('counting.mjs');
const { demandOf } = await load<{ demandOf: DemandOf }>('report/capacity.mjs');

const RUN = { date: '2026-12-01', servers: {}, versions: {} };
const EMPTY = [
  '# Performance',
  '<!-- bench aims: begin -->',
  '<!-- bench aims: end -->',
  '<!-- npm run bench writes above this line -->',
  'The end.',
].join('\n');

function scenario(name: string, text: string, aims: Aim[]): Scenario {
  const sizes = { full: {}, quick: {} };
  return { name, title: name, isShort: true, sizes, measure: null, report: () => text, aims: () => aims };
}

/** Rows of the table of aims. */
function aimRows(document: string): string[] {
  return document.split('\n').filter((line) => /^\| (?!scenario).* (met|missed) \|$/.test(line));
}

describe('the report of the benchmark', () => {
  const speed = scenario('speed', 'fast', [{ what: 'rate', least: 2, measured: 2.5 }]);
  const size = scenario('size', 'small', [{ what: 'memory', most: 1, measured: 1.01 }]);

  test('a scenario that is measured again replaces its own part and aims, in their place', () => {
    const both = [speed, size].reduce((text, one) => replaced(text, one, { run: RUN }), EMPTY);
    expect(aimRows(both)).toEqual([
      '| speed | rate | at least 2 | **2.50** | met |',
      '| size | memory | at most 1 | **1.01** | missed |',
    ]);

    const measured = { median: 1.5, least: 1, most: 3 };
    const slower = scenario('speed', 'slow', [{ what: 'rate', least: 2, measured }]);
    const again = replaced(both, slower, { run: RUN });
    expect(aimRows(again)).toEqual([
      '| speed | rate | at least 2 | **1.50** (1.00 to 3.00) | missed |',
      '| size | memory | at most 1 | **1.01** | missed |',
    ]);
    expect(again).toContain('small');
    expect(again).toContain('slow');
    expect(again).not.toContain('fast');
    expect(again.endsWith('The end.')).toBe(true);
  });

  test('a document without markers is left alone', () => {
    expect(() => replaced('# Another page\n', speed, { run: RUN })).toThrow('<!-- npm run bench');
  });

  test('the published document has a place for every scenario', () => {
    expect(() => replaced(readFileSync('docs/performance.md', 'utf8'), speed, { run: RUN })).not.toThrow();
  });
});

describe('the numbers of the benchmark', () => {
  test('a ratio compares the contestants round by round', () => {
    const rounds = [
      { a: { cpu: 10 }, b: { cpu: 5 } },
      { a: { cpu: 300 }, b: { cpu: 100 } },
      { a: { cpu: 8 }, b: { cpu: 8 } },
    ];
    expect(ratio(rounds, 'a', 'b', 'cpu')).toEqual({ median: 2, least: 1, most: 3 });
  });

  test('the limit is a process of one thread that is busy, else the cores, else waiting', () => {
    const idle = { busy: 0.5, loadBusy: 0.1, machineBusy: 1, watched: { standIn: { busy: 0.1 } } };
    expect(limitOf(idle, 1, 2)).toBe('waiting, mostly for commits');
    expect(limitOf({ ...idle, machineBusy: 1.9 }, 1, 2)).toBe('all cores');
    expect(limitOf({ ...idle, machineBusy: 1.9 }, 1, 8)).toBe('waiting, mostly for commits');
    expect(limitOf({ ...idle, busy: 0.95 }, 1, 2)).toBe('its own process');
    expect(limitOf({ ...idle, busy: 0.95 }, 2, 2)).toBe('waiting, mostly for commits');
    const redis = { standIn: { busy: 0.1 }, redis: { busy: 0.97 } };
    expect(limitOf({ ...idle, watched: redis }, 1, 2)).toBe('Redis');
  });

  test('a plan adds up all operations and leaves head-room', () => {
    const costs = {
      login: { service: 1_000, database: 500, redis: 50, logBytes: 2_000 },
      check: { service: 100, database: 0, redis: 0, logBytes: 0 },
    };
    const demand = demandOf({ login: 300, check: 3_000 }, costs);
    expect(demand.service).toBeCloseTo(1);
    expect(demand.database).toBeCloseTo(0.25);
    expect(demand.logMegabytes).toBeCloseTo(0.6);
  });
});

describe('the scenarios of the benchmark', () => {
  const files = readdirSync('bench/scenarios').filter((file) => file.endsWith('.mjs'));

  test.each(files)('%s exports what bench/run.mjs needs', async (file) => {
    const { title, isShort, sizes, measure, report } = await load<Scenario>(`scenarios/${file}`);
    expect(typeof title).toBe('string');
    expect(typeof isShort).toBe('boolean');
    expect(Object.keys(sizes.quick).sort()).toEqual(Object.keys(sizes.full).sort());
    expect([typeof measure, typeof report]).toEqual(['function', 'function']);
  });
});
