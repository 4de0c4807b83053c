import type { DestinationStream } from 'pino';

/** Upper bound of the log buffer (bytes). If it is full, new lines are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** A turn of the event loop that logs more than this (UTF-16 units) writes it in parts. */
const MAX_COLLECTED = 64 * 1024;

/**
 * Standard output for the log. The lines of one turn of the event loop are written together at its end: under
 * load, a write per line would cost as much as a tenth of a token check. They are also written when the process
 * exits, by an uncaught exception too. A signal or an abort that ends the process at once, such as SIGKILL, can
 * lose what its last turn logged, and nothing older.
 *
 * A pipe whose reader has stopped must not block the process: Node's stream buffers the output up to a bound.
 * The number of dropped lines is logged once the reader continues.
 */
export function standardOutput(): DestinationStream {
  let dropped = 0;
  let collected = '';
  // The reader has exited, so the error cannot be logged.
  process.stdout.on('error', () => undefined);
  const flush = (): void => {
    const lines = collected;
    collected = '';
    if (lines !== '') process.stdout.write(lines);
  };
  process.on('exit', flush);
  return {
    write(line: string): void {
      if (process.stdout.writableLength > MAX_WAITING_BYTES) {
        dropped++;
        return;
      }
      if (collected === '') setImmediate(flush);
      if (dropped > 0) collected += `${JSON.stringify(droppedLines(dropped))}\n`;
      dropped = 0;
      collected += line;
      if (collected.length > MAX_COLLECTED) flush();
    },
  };
}

function droppedLines(lines: number): object {
  return {
    level: 'warn',
    time: new Date().toISOString(),
    lines,
    msg: 'log lines were dropped: the reader of the log is too slow',
  };
}
