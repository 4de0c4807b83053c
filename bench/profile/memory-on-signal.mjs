/**
 * Loaded before the service (`node --expose-gc --import`): SIGUSR2 collects the garbage and writes what is left to
 * MEMORY_FILE. So a measurement of memory does not depend on when V8 collected last.
 */
import { writeFileSync } from 'node:fs';
import { memoryUsage } from 'node:process';
import { getHeapSpaceStatistics } from 'node:v8';

process.on('SIGUSR2', () => {
  globalThis.gc();
  // Empty now, but V8 keeps its pages: up to 100 MB after a burst of any requests.
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  writeFileSync(
    process.env.MEMORY_FILE,
    JSON.stringify({ ...memoryUsage(), youngGeneration: young.physical_space_size }),
  );
});
