import { SESSION_COLUMNS } from '../../src/session/session.entity.js';
import { UNION_ID_COLUMNS } from '../../src/user/union-id.entity.js';
import { USER_COLUMNS } from '../../src/user/user.entity.js';
import { IDENTITY_COLUMNS } from '../../src/user/wechat-identity.entity.js';
import type { Backend } from './backend.js';

/** The decisions about one column, by question. */
export type Decisions = Readonly<Record<string, unknown>>;
/** The decisions about the columns of one table. */
export type DecidedTable = Readonly<Record<string, Decisions>>;

/** The tables with personal data, and the decisions about their columns. */
export const DECIDED_TABLES: Readonly<Record<string, DecidedTable>> = {
  users: USER_COLUMNS,
  wechat_identities: IDENTITY_COLUMNS,
  union_ids: UNION_ID_COLUMNS,
  sessions: SESSION_COLUMNS,
};

/** A column as the migrations created it. */
export interface SchemaColumn {
  readonly table: string;
  readonly name: string;
  /** In lower case, without the length. */
  readonly type: string;
  /** Length of a text column in characters. */
  readonly length: number;
  readonly isNullable: boolean;
}

/** A row with all values as text, times in the format of the service. */
export type TextRow = Readonly<Record<string, string | null>>;

/** The columns of a table according to the database. */
export async function schemaColumns(backend: Backend, table: string): Promise<SchemaColumn[]> {
  const rows = await backend.rows(
    backend.dialect === 'sqlite'
      ? `SELECT name, type, "notnull" OR pk AS is_required FROM pragma_table_info('${table}')`
      : `SELECT column_name AS name, column_type AS type, is_nullable = 'NO' AS is_required
         FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '${table}'`,
  );
  return rows.map(({ name, type, is_required: isRequired }) => {
    const [, word = '', length = '0'] = /^(\w+)(?:\((\d+)\))?/.exec(String(type).toLowerCase()) ?? [];
    return {
      table,
      name: String(name),
      type: word,
      length: Number(length),
      isNullable: Number(isRequired) === 0,
    };
  });
}

/** Missing decisions about the columns of a table, one line each. Empty if all were made. */
export function undecided(
  table: string,
  columns: readonly Pick<SchemaColumn, 'name'>[],
  decisions: DecidedTable | undefined,
): string[] {
  if (!decisions) return [`${table}: no table of decisions`];
  const questions = [...new Set(Object.values(decisions).flatMap((entry) => Object.keys(entry)))];
  const open = columns.flatMap(({ name }) =>
    questions
      .filter((question) => decisions[name]?.[question] === undefined)
      .map((question) => `${table}.${name}: ${question} is not decided`),
  );
  const names = columns.map(({ name }) => name);
  const gone = Object.keys(decisions).filter((name) => !names.includes(name));
  return [...open, ...gone.map((name) => `${table}.${name}: decided, but not in the database`)];
}

/** Columns with a closed set of values or a special format. */
const FORMS: Readonly<Record<string, (n: number) => string>> = {
  'users.nickname_source': () => 'wechat',
  'users.avatar_source': () => 'wechat',
  // The key is also a file name in the picture store.
  'users.avatar_key': (n) => `picture${n}`,
  'users.phone_number': (n) => `+86139${String(n).padStart(8, '0')}`,
};

let samples = 0;

/** A unique sample value for a column. */
export function sample(column: SchemaColumn): string {
  const n = ++samples;
  const form = FORMS[`${column.table}.${column.name}`];
  if (form) return form(n);
  if (column.type === 'datetime')
    return new Date(Date.UTC(2026, 2, 1) + n * 1_000).toISOString().replace('T', ' ').slice(0, 23);
  if (column.length > 0 && column.type.includes('char'))
    return `${n}-sample-of-${column.name}`.slice(0, column.length);
  if (/int|bool/.test(column.type)) return String(n % 128);
  throw new Error(`no sample for ${column.table}.${column.name} (${column.type})`);
}

/** Whether a value found elsewhere proves that it came from this column. */
export function isTraceable(column: SchemaColumn): boolean {
  return column.type.includes('char') && !`${column.table}.${column.name}`.endsWith('_source');
}

/** Reads the rows that match a condition, as text. */
export async function textRows(
  backend: Backend,
  columns: readonly SchemaColumn[],
  where: string,
): Promise<TextRow[]> {
  const text = backend.dialect === 'sqlite' ? 'TEXT' : 'CHAR';
  const list = columns.map(({ name }) => `CAST(${name} AS ${text}) AS ${name}`).join(', ');
  const rows = await backend.rows(`SELECT ${list} FROM ${columns[0]?.table ?? ''} WHERE ${where}`);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value as string | null])),
  );
}

/** Writes values to a row, bypassing the service. */
export async function writeRow(backend: Backend, table: string, id: string, values: TextRow): Promise<void> {
  const assignments = Object.entries(values).map(
    ([name, value]) => `${name} = ${value === null ? 'NULL' : `'${value}'`}`,
  );
  await backend.write(`UPDATE ${table} SET ${assignments.join(', ')} WHERE id = '${id}'`);
}
