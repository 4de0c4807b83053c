/** The last time that was formatted: most statements of an operation carry the same. */
let lastTime = NaN;
let lastText = '';

/** Formats a `datetime(3)` in UTC so that both databases compare it correctly: `2026-11-21 09:30:00.123`. */
export function toSqlTime(time: number | Date): string {
  const ms = typeof time === 'number' ? time : time.getTime();
  if (ms !== lastTime) {
    lastText = new Date(ms).toISOString().replace('T', ' ').slice(0, 23);
    lastTime = ms;
  }
  return lastText;
}

/** A `datetime(3)` as a raw query returns it: a `Date` from MySQL, text from SQLite. */
export type SqlTime = Date | string;

/** Converts it to milliseconds since the Unix epoch. */
export function fromSqlTime(value: SqlTime): number {
  return value instanceof Date ? value.getTime() : Date.parse(`${value.replace(' ', 'T')}Z`);
}
