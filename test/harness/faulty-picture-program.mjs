// The picture process as it stands in src/, which fails while it decodes pictures whose URL says so:
// `fault=crash` ends it as a crash of the decoder does, `fault=kill` as the kernel does without memory,
// `fault=kill-once&marker=FILE` does so unless the file exists, `fault=hang` stops it.
import { existsSync, writeFileSync } from 'node:fs';

const urls = new Map();
const send = process.send.bind(process);

process.send = (reply) =>
  send(reply, () => {
    if (reply.kind === 'decoding') fail(urls.get(reply.id)?.searchParams ?? new URLSearchParams());
  });

function fail(query) {
  const fault = query.get('fault');
  if (fault === 'hang') process.kill(process.pid, 'SIGSTOP');
  if (fault === 'crash') process.kill(process.pid, 'SIGSEGV');
  if (fault === 'kill') process.kill(process.pid, 'SIGKILL');
  if (fault === 'kill-once' && !existsSync(query.get('marker'))) {
    writeFileSync(query.get('marker'), '');
    process.kill(process.pid, 'SIGKILL');
  }
}

await import('./picture-program.mjs');
// After the program listens: a message that has a listener is not kept for later ones.
process.on('message', ({ kind, id, order }) => {
  if (kind === 'order' && order.kind === 'copy') urls.set(id, new URL(order.url));
});
