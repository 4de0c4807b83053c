/**
 * The allowed types of a statement parameter. The driver would expand other types (arrays, objects), so they
 * are refused.
 */
export type SqlValue = string | number | null | Date | Buffer;

/** @throws TypeError for a value that is not an `SqlValue`; the message does not repeat the value */
export function assertValues(values: readonly unknown[]): asserts values is readonly SqlValue[] {
  const fault = values.findIndex((value) => !isSqlValue(value));
  if (fault >= 0) throw new TypeError(`parameter ${fault + 1} of a statement is a ${typeof values[fault]}`);
}

function isSqlValue(value: unknown): value is SqlValue {
  if (typeof value === 'string' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (value instanceof Date) return Number.isFinite(value.getTime());
  return Buffer.isBuffer(value);
}

/**
 * Inserts the values into the text of a statement, for cases where the server does not bind them. Nothing is
 * escaped, so no session setting can change what a value means: printable ASCII without quote and backslash
 * is quoted, everything else becomes hexadecimal digits.
 * @throws TypeError for other types, and if the number of values and placeholders differs
 */
export function withValues(sql: string, values: unknown): string {
  if (values === undefined || values === null) return sql;
  if (!Array.isArray(values)) throw new TypeError('parameters of a statement are an array');
  if (values.length === 0) return sql;
  const known: readonly unknown[] = values;
  assertValues(known);
  const parts = partsOf(sql);
  if (parts.length !== known.length + 1) {
    throw new TypeError(`a statement with ${parts.length - 1} placeholders got ${known.length} parameters`);
  }
  let text = parts[0] ?? '';
  for (const [index, value] of known.entries()) text += literal(value) + (parts[index + 1] ?? '');
  return text;
}

const PLAIN = /^[ -&(-[\]-~]*$/;

function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (value instanceof Date) return `'${value.toISOString().replace('T', ' ').slice(0, 23)}'`;
  if (typeof value !== 'string') return `X'${value.toString('hex')}'`;
  return PLAIN.test(value) ? `'${value}'` : `_utf8mb4 X'${Buffer.from(value, 'utf8').toString('hex')}'`;
}

/**
 * Statement texts come from the code, so there are few. The bound is for statements with a list of varying
 * length.
 */
const MAX_TEXTS = 1_000;
const texts = new Map<string, readonly string[]>();

/** Splits a statement at its placeholders: every `?` outside of quotes and backticks. */
function partsOf(sql: string): readonly string[] {
  const known = texts.get(sql);
  if (known) return known;
  const parts: string[] = [];
  let begin = 0;
  for (const { 0: found, index } of sql.matchAll(/'(?:[^'\\]|\\.|'')*'|"[^"]*"|`[^`]*`|\?/gs)) {
    if (found !== '?') continue;
    parts.push(sql.slice(begin, index));
    begin = index + 1;
  }
  parts.push(sql.slice(begin));
  if (texts.size >= MAX_TEXTS) texts.clear();
  texts.set(sql, parts);
  return parts;
}
