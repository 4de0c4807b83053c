// Compares a database made by the migrations with one made from the entities: tables, columns, nullability, length.
import 'reflect-metadata';
import { readdirSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../dist/database/data-source.js';
import { migrate, undoLastMigration } from '../dist/database/migrations/migrate.js';

const entities = [];
for (const file of readdirSync('dist', { recursive: true }).filter((name) => name.endsWith('.entity.js'))) {
  entities.push(
    ...Object.values(await import(`../dist/${file}`)).filter((value) => typeof value === 'function'),
  );
}

/** Every column of every table, as comparable text. */
async function describe(prepare) {
  const dataSource = await new DataSource(
    dataSourceOptions({ type: 'sqlite', path: ':memory:' }, entities),
  ).initialize();
  await prepare(dataSource);
  const runner = dataSource.createQueryRunner();
  const tables = await runner.getTables();
  const lines = tables
    .filter((table) => !/migrations|sqlite_/.test(table.name))
    .flatMap((table) =>
      table.columns.map((column) => {
        const size = column.length || '';
        return `${table.name}.${column.name} ${column.type}(${size}) ${column.isNullable ? 'null' : 'not null'}${column.isPrimary ? ' primary' : ''}`;
      }),
    )
    .sort();
  await dataSource.destroy();
  return lines;
}

/** Runs a function with the single connection. */
function withConnection(work) {
  return (dataSource) =>
    work({ dialect: 'sqlite', query: (sql, parameters) => dataSource.query(sql, parameters) });
}

const migrated = await describe(withConnection((connection) => migrate(connection)));
const twice = await describe(
  withConnection(async (connection) => {
    await migrate(connection);
    while (await undoLastMigration(connection));
    await migrate(connection);
  }),
);
const described = await describe((dataSource) => dataSource.synchronize());

const difference = [
  ...migrated.filter((line) => !described.includes(line)).map((line) => `only in the migrations: ${line}`),
  ...described.filter((line) => !migrated.includes(line)).map((line) => `only in the entities:   ${line}`),
  ...migrated.filter((line) => !twice.includes(line)).map((line) => `lost by down and up:    ${line}`),
];
if (migrated.length === 0) difference.push('the migrations make no table');
for (const line of difference) console.error(line);
process.exitCode = difference.length > 0 ? 1 : 0;
