import { getMetadataArgsStorage } from 'typeorm';
import { fromSqlTime, type SqlTime } from './sql-time.js';

/** The column name of a property: `createdAt` becomes `created_at`. */
export type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;

/** The properties of an entity that are columns. Relations to other entities are excluded. */
export type ColumnProperty<Entity> = {
  [P in keyof Entity]-?: Entity[P] extends string | number | boolean | Date | null ? P : never;
}[keyof Entity] &
  string;

/** The SQL names of an entity's columns. */
export type ColumnName<Entity> = SnakeCase<ColumnProperty<Entity>>;

/** A table row as a raw SELECT returns it. */
export type Row<Entity> = {
  readonly [P in ColumnProperty<Entity> as SnakeCase<P>]: Entity[P] extends infer Value
    ? Value extends Date
      ? SqlTime
      : Value
    : never;
};

/** Columns as the service passes them on: keyed by property name, times in milliseconds. */
export type Loaded<Entity, Names extends string> = {
  readonly [
    P in ColumnProperty<Entity> as SnakeCase<P> extends Names ? P : never
  ]: Entity[P] extends infer Value ? (Value extends Date ? number : Value) : never;
};

/** One entry for each column of an entity. */
export type ColumnTable<Entity, Entry> = Readonly<Record<ColumnName<Entity>, Entry>>;

/** The columns whose entry in the table has a `Decision` that is neither `null` nor `false`. */
export type Decided<Table, Decision extends string> = {
  [Name in keyof Table]: Table[Name] extends Readonly<Record<Decision, null | false>> ? never : Name;
}[keyof Table] &
  string;

/** The same as `Decided` at run time, in the order of the table. */
export function decided<
  Table extends Readonly<Record<string, Readonly<Record<Decision, unknown>>>>,
  Decision extends string,
>(table: Table, decision: Decision): Decided<Table, Decision>[] {
  return Object.entries(table)
    .filter(([, entry]) => entry[decision] !== null && entry[decision] !== false)
    .map(([name]) => name as Decided<Table, Decision>);
}

/** A row of a SELECT that was built from a `Selection`. */
export type SelectedRow = Readonly<Record<string, unknown>>;

/**
 * Columns of one table in a SELECT that may join other tables. It is built once, when its module is loaded:
 * no request composes SQL.
 */
export class Selection<Entity, Names extends ColumnName<Entity>> {
  /** The column list of the SELECT: `u.id AS u_id, u.nickname AS u_nickname`. */
  readonly sql: string;
  private readonly columns: readonly {
    readonly key: string;
    readonly property: string;
    readonly isTime: boolean;
  }[];

  /** @param alias alias of the table in FROM */
  constructor(entity: abstract new () => Entity, alias: string, names: readonly Names[]) {
    const known = getMetadataArgsStorage().filterColumns(entity);
    this.columns = names.map((name) => {
      const column = known.find(({ propertyName, options }) => (options.name ?? propertyName) === name);
      if (!column) throw new Error(`${entity.name} has no column ${name}`);
      const isTime = column.options.type === 'datetime';
      return { key: `${alias}_${name}`, property: column.propertyName, isTime };
    });
    this.sql = names.map((name) => `${alias}.${name} AS ${alias}_${name}`).join(', ');
  }

  /** Reads the columns of this table from a row of the SELECT. */
  read(row: SelectedRow): Loaded<Entity, Names> {
    const loaded: Record<string, unknown> = {};
    for (const { key, property, isTime } of this.columns) {
      const value = row[key];
      loaded[property] = isTime && value !== null ? fromSqlTime(value as SqlTime) : value;
    }
    return loaded as Loaded<Entity, Names>;
  }
}
