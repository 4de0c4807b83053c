import type { DestinationStream } from 'pino';

/** Upper bound of the log buffer (bytes). If it is full, new lines are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * Standard output for the log. A pipe whose reader has stopped must not block the process: Node's stream
 * buffers the output up to a bound. The number of dropped lines is logged once the reader continues.
 */
export function standardOutput(): DestinationStream {
  let dropped = 0;
  // The reader has exited, so the error cannot be logged.
  process.stdout.on('error', () => undefined);
  return {
    write(line: string): void {
      if (process.stdout.writableLength > MAX_WAITING_BYTES) {
        dropped++;
        return;
      }
      if (dropped > 0) process.stdout.write(`${JSON.stringify(droppedLines(dropped))}\n`);
      dropped = 0;
      process.stdout.write(line);
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
