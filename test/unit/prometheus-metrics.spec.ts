import { expect, test } from '@jest/globals';
import { PrometheusMetrics } from '../../src/ops/prometheus-metrics.js';

const COUNT =
  /^wechat_auth_wechat_call_duration_seconds_count\{endpoint="[^"]+",errcode="([^"]+)"\} (\d+)$/gm;

test('a backlog that cannot be read is left out, and everything else is there', async () => {
  const metrics = new PrometheusMetrics();
  let isAway = false;
  const backlog = { waiting: 3, due: 2, oldestSeconds: 1.5 };
  metrics.backlog('avatars', () => Promise.resolve(backlog));
  metrics.backlog('webhooks', () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(backlog)));
  const series = async () => [
    ...(await metrics.read()).text.matchAll(/^wechat_auth_queue_(\w+)\{queue="(\w+)"\} (\S+)$/gm),
  ];
  expect(await series()).toHaveLength(6);
  isAway = true;
  expect((await series()).map(([, name, queue, value]) => [name, queue, value])).toEqual([
    ['waiting', 'avatars', '3'],
    ['due', 'avatars', '2'],
    ['oldest_due_seconds', 'avatars', '1.5'],
  ]);
  expect((await metrics.read()).text).toContain('wechat_auth_waiters 0');
});

test('whoever answers in place of WeChat cannot make series at will', async () => {
  const metrics = new PrometheusMetrics();
  for (let errcode = 0; errcode < 10_000; errcode++) metrics.wechatCall('sns/jscode2session', errcode, 0.1);
  const { text } = await metrics.read();
  const counts = new Map(
    [...text.matchAll(COUNT)].map(([, errcode = '', count]) => [errcode, Number(count)]),
  );
  expect(counts.size).toBe(201);
  expect(counts.get('0')).toBe(1);
  expect(counts.get('other')).toBe(9_800);
});
