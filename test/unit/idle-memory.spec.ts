import { beforeEach, describe, expect, test } from '@jest/globals';
import { IdleMemory, type ProcessMemory } from '../../src/ops/idle-memory.js';

const MB = 1_000_000;

/** A process whose memory shrinks to what is in use when it is collected. */
class Process implements ProcessMemory {
  busy = 0;
  used = 100 * MB;
  size = 180 * MB;
  collections = 0;

  busyShare(): number {
    return this.busy;
  }

  resident(): number {
    return this.size;
  }

  collect(): void {
    this.collections++;
    this.size = this.used;
  }
}

describe('the memory of a process that is idle', () => {
  let process: Process;
  let memory: IdleMemory;

  beforeEach(() => {
    process = new Process();
    memory = new IdleMemory(process, { debug: () => undefined });
  });

  const look = (times: number): void => {
    for (let time = 0; time < times; time++) memory.look();
  };

  test('is given back in the first second after a start, and not again', () => {
    look(1);
    expect(process.collections).toBe(1);
    look(100);
    expect(process.collections).toBe(1);
  });

  test('is not given back while a process that has just started is busy, nor shortly after', () => {
    process.busy = 0.5;
    look(100);
    process.busy = 0;
    look(9);
    expect(process.collections).toBe(0);
    look(1);
    expect(process.collections).toBe(1);
  });

  test('is given back again after it has grown, once it has been idle for ten seconds', () => {
    look(2);
    process.size = 300 * MB;
    process.busy = 0.9;
    look(60);
    process.busy = 0.01;
    look(5);
    process.busy = 0.2;
    look(1);
    process.busy = 0.01;
    look(9);
    expect(process.collections).toBe(1);
    look(1);
    expect(process.collections).toBe(2);
  });

  test('is left as it is where a collection would gain little, also where the last one gained nothing', () => {
    process.size = process.used = 20 * MB;
    look(100);
    expect(process.collections).toBe(0);
    process.size = process.used = 200 * MB;
    look(100);
    expect(process.collections).toBe(1);
  });
});
