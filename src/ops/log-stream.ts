import type { DestinationStream } from 'pino';

/** What waits for a reader of the log at most (bytes); later lines are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * Standard output for the log. A write to a pipe whose reader has stopped must not stop this process: Node's stream
 * takes what the pipe does not, up to a bound. How many lines were dropped is said once the reader goes on.
 */
export function standardOutput(): DestinationStream {
  let dropped = 0;
  // The reader has gone: there is nobody to tell.
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
    msg: 'log lines were dropped: nobody read them',
  };
}
