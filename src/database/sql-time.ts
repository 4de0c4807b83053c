/** Formats a `datetime(3)` in UTC so that both databases compare it correctly: `2026-11-21 09:30:00.123`. */
export function toSqlTime(time: number | Date): string {
  return new Date(time).toISOString().replace('T', ' ').slice(0, 23);
}

/** A `datetime(3)` as a raw query returns it: a `Date` from MySQL, text from SQLite. */
export type SqlTime = Date | string;

/** Converts it to milliseconds since the Unix epoch. */
export function fromSqlTime(value: SqlTime): number {
  return value instanceof Date ? value.getTime() : Date.parse(`${value.replace(' ', 'T')}Z`);
}
