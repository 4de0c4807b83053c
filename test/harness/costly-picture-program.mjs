// The picture process as it stands in src/, to which the system reports that it has used too much of the processor, and
// which looks at that all the time.
const cpuUsage = process.cpuUsage.bind(process);
const every = globalThis.setInterval;

process.cpuUsage = (since) =>
  since === undefined ? cpuUsage() : { user: Number.MAX_SAFE_INTEGER, system: 0 };
globalThis.setInterval = (look) => every(look, 1);

await import('./picture-program.mjs');
