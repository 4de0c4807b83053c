/**
 * Loaded before the service (`node --expose-gc --import`): SIGUSR2 collects the garbage and writes what is left to
 * MEMORY_FILE. So a measurement of memory does not depend on when V8 collected last.
 */
import { writeFileSync } from 'node:fs';
import { memoryUsage } from 'node:process';

process.on('SIGUSR2', () => {
  const before = memoryUsage().rss;
  globalThis.gc();
  writeFileSync(process.env.MEMORY_FILE, JSON.stringify({ ...memoryUsage(), before }));
});
