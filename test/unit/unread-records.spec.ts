import { expect, test } from '@jest/globals';
import { UnreadRecords } from '../../src/attempt/unread-records.js';
import { MovableClock } from '../harness/movable-clock.js';

test('a record is given out once, within its time, and the oldest make room', () => {
  const clock = new MovableClock();
  const records = new UnreadRecords<{ readonly id: number }>(clock);
  records.keep('a', { id: 1 }, 60_000);
  expect(records.take('other')).toBeNull();
  expect(records.take('a')).toEqual({ id: 1 });
  expect(records.take('a')).toBeNull();

  records.keep('a', { id: 1 }, 60_000);
  clock.advance(61);
  expect(records.take('a')).toBeNull();

  for (let id = 0; id < 5_000; id++) records.keep(String(id), { id }, 60_000);
  expect(records.take('0')).toBeNull();
  expect(records.take('4999')).toEqual({ id: 4_999 });
});
