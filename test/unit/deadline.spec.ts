import { describe, expect, test } from '@jest/globals';
import { Deadline } from '../../src/wechat/deadline.js';

describe('the deadline of calls to WeChat', () => {
  test('allows a wait that ends before it, and refuses one that would pass it, without waiting', async () => {
    expect(await new Deadline(60_000).sleep(1)).toBe(true);
    const started = performance.now();
    expect(await new Deadline(1_000).sleep(30_000)).toBe(false);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('passes on what is left of it, and never more', async () => {
    expect(await new Deadline(1_000).atMost(60_000).sleep(30_000)).toBe(false);
    expect(await new Deadline(60_000).atMost(1_000).sleep(30_000)).toBe(false);
  });

  test('aborts its signal when it passes', async () => {
    const { signal } = new Deadline(1);
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    expect(signal.aborted).toBe(true);
  });
});
