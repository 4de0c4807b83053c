import { afterEach, expect, jest, test } from '@jest/globals';
import { version } from 'uuid';
import { freshId } from '../../src/crypto/fresh-id.js';

afterEach(() => {
  jest.restoreAllMocks();
});

const timeOf = (id: string): number => parseInt(id.replace('-', '').slice(0, 12), 16);

test('ids are UUIDs of version 7 and carry their time', () => {
  const before = Date.now();
  const ids = Array.from({ length: 1_000 }, freshId);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(version(id)).toBe(7);
    expect(timeOf(id)).toBeGreaterThanOrEqual(before);
    expect(timeOf(id)).toBeLessThanOrEqual(Date.now());
  }
});

test('ids ascend, in one millisecond and while the clock goes back, and differ in their ends', () => {
  let now = Date.now() + 1_000;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  const ids: string[] = [];
  for (let index = 0; index < 10_000; index++) {
    if (index === 5_000) now -= 500;
    if (index === 7_500) now += 2_000;
    ids.push(freshId());
  }
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids.map((id) => id.slice(-11))).size).toBe(ids.length);
});
