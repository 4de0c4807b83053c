import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDataSource, dataSourceOptions, openDataSource } from '../../src/database/data-source.js';
import { Database } from '../../src/database/database.js';
import { requestContext, runInRequestContext } from '../../src/http/request-context.js';
import { PrometheusMetrics } from '../../src/ops/prometheus-metrics.js';

describe('Database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'database-'));
  const dataSource = createDataSource(
    dataSourceOptions({ type: 'sqlite', path: join(folder, 'data.sqlite') }),
  );
  const database = new Database(dataSource, new PrometheusMetrics());

  beforeAll(async () => {
    await openDataSource(dataSource);
    await database.open();
  });

  afterAll(async () => {
    await dataSource.destroy();
    rmSync(folder, { recursive: true });
  });

  const readOne = () => database.select<{ one: number }>('SELECT 1 AS one', []);

  const outer: [string, (work: () => Promise<unknown>) => Promise<unknown>][] = [
    ['run', (work) => database.run(work)],
    ['transaction', (work) => database.transaction(work)],
    ['exclusively', (work) => database.exclusively('users', work)],
  ];
  const inner: [string, () => Promise<unknown>][] = [
    ['select', readOne],
    ['batch', () => database.batch([])],
    ['transaction', () => database.transaction(() => Promise.resolve())],
  ];

  // It would wait for a connection while it holds one.
  test.each(outer.flatMap(([name, run]) => inner.map(([other, work]) => ({ name, other, run, work }))))(
    'refuses $other inside $name, also after an await',
    async ({ run, work }) => {
      const nested = async () => {
        await Promise.resolve();
        return work();
      };
      await expect(run(nested)).rejects.toThrow('within a transaction, use its manager');
      await expect(readOne()).resolves.toEqual([{ one: 1 }]);
    },
  );

  test('keeps the request context inside an operation', async () => {
    const context = { requestId: 'a', ip: '192.0.2.1', apiKey: null, facts: {} };
    const seen = await new Promise<unknown>((resolve) => {
      runInRequestContext(context, () => resolve(database.run(() => Promise.resolve(requestContext()))));
    });
    expect(seen).toBe(context);
  });
});
