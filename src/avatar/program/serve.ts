import type { PictureReply, PictureRequest } from '../picture-messages.js';

/**
 * Does what the service asks, until the service ends.
 * @param onReady called once the libraries are loaded
 */
export function serve(onReady: () => void): void {
  // The service ends the process: a signal to a whole group lets running work finish.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // Also while the decoder hangs, whose thread `process.exit` would wait for.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.once('message', (request: PictureRequest) => {
    if (request.kind !== 'settings') return;
    import('./picture-work.js').then(
      ({ PictureWork }) => {
        const work = new PictureWork(request.settings, request.fetchMs, send);
        process.on('message', (order: PictureRequest) => work.take(order));
        onReady();
        send({ kind: 'ready' });
      },
      (error: unknown) => send({ kind: 'broken', reason: firstLine(error) }),
    );
  });
}

function send(reply: PictureReply): void {
  if (process.connected) process.send?.(reply);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
