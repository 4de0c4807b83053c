import { expect, test } from '@jest/globals';
import { PrometheusMetrics } from '../../src/ops/prometheus-metrics.js';

const COUNT =
  /^wechat_auth_wechat_call_duration_seconds_count\{endpoint="[^"]+",errcode="([^"]+)"\} (\d+)$/gm;

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
