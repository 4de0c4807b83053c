/** A `datetime(3)` in UTC as both databases compare it: `2026-11-21 09:30:00.123`. */
export function toSqlTime(time: number | Date): string {
  return new Date(time).toISOString().replace('T', ' ').slice(0, 23);
}

/** What a raw query gave for a `datetime(3)`: a `Date` from MySQL, text from SQLite. */
export type SqlTime = Date | string;

/** The same as milliseconds since the Unix epoch. */
export function fromSqlTime(value: SqlTime): number {
  return value instanceof Date ? value.getTime() : Date.parse(`${value.replace(' ', 'T')}Z`);
}
