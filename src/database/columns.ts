import { getMetadataArgsStorage } from 'typeorm';
import { fromSqlTime, type SqlTime } from './sql-time.js';

/** `createdAt` as the database spells it: `created_at`. */
export type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;

/** The properties of an entity that are columns; relations to other entities are not. */
export type ColumnProperty<Entity> = {
  [P in keyof Entity]-?: Entity[P] extends string | number | boolean | Date | null ? P : never;
}[keyof Entity] &
  string;

/** The names of an entity's columns in SQL. */
export type ColumnName<Entity> = SnakeCase<ColumnProperty<Entity>>;

/** A row of the table as a raw SELECT gives it. */
export type Row<Entity> = {
  readonly [P in ColumnProperty<Entity> as SnakeCase<P>]: Entity[P] extends infer Value
    ? Value extends Date
      ? SqlTime
      : Value
    : never;
};

/** Columns as the service passes them on: by the entity's property names, times in ms. */
export type Loaded<Entity, Names extends string> = {
  readonly [
    P in ColumnProperty<Entity> as SnakeCase<P> extends Names ? P : never
  ]: Entity[P] extends infer Value ? (Value extends Date ? number : Value) : never;
};

/** An entry for each column of an entity. */
export type ColumnTable<Entity, Entry> = Readonly<Record<ColumnName<Entity>, Entry>>;

/** The columns of a table of decisions for which one decision is neither `null` nor `false`. */
export type Decided<Table, Decision extends string> = {
  [Name in keyof Table]: Table[Name] extends Readonly<Record<Decision, null | false>> ? never : Name;
}[keyof Table] &
  string;

/** The same at run time, in the order of the table. */
export function decided<
  Table extends Readonly<Record<string, Readonly<Record<Decision, unknown>>>>,
  Decision extends string,
>(table: Table, decision: Decision): Decided<Table, Decision>[] {
  return Object.entries(table)
    .filter(([, entry]) => entry[decision] !== null && entry[decision] !== false)
    .map(([name]) => name as Decided<Table, Decision>);
}

/** A row whose columns are named by a `Selection`. */
export type SelectedRow = Readonly<Record<string, unknown>>;

/**
 * Columns of one table in a SELECT that may join others. Built once when its module is loaded: nothing is composed on
 * the way of a request.
 */
export class Selection<Entity, Names extends ColumnName<Entity>> {
  /** What stands behind SELECT: `u.id AS u_id, u.nickname AS u_nickname`. */
  readonly sql: string;
  private readonly columns: readonly {
    readonly key: string;
    readonly property: string;
    readonly isTime: boolean;
  }[];

  /** @param alias of the table in FROM */
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

  /** The columns of this table in a row of the SELECT. */
  read(row: SelectedRow): Loaded<Entity, Names> {
    const loaded: Record<string, unknown> = {};
    for (const { key, property, isTime } of this.columns) {
      const value = row[key];
      loaded[property] = isTime && value !== null ? fromSqlTime(value as SqlTime) : value;
    }
    return loaded as Loaded<Entity, Names>;
  }
}
