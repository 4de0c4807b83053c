/**
 * Checks that the floor does the same work as the service: the same operation is executed once on each, and the columns
 * written and the shape of the reply must be equal.
 */
import { ServiceVisitor } from './load/visitors.mjs';

const OPERATIONS = ['miniProgramLogin', 'websiteLogin', 'refresh'];

/** @param contestants `[{ name, port, database }]` @throws Error that contains both */
export async function compareWork(contestants, tables, person) {
  for (const operation of OPERATIONS) {
    const [first, ...others] = await Promise.all(
      contestants.map(async (contestant) => ({
        name: contestant.name,
        work: JSON.stringify(await workOf(contestant, operation, tables, person), null, 2),
      })),
    );
    const other = others.find(({ work }) => work !== first.work);
    if (other)
      throw new Error(
        `${operation} is not the same work\n${first.name} ${first.work}\n${other.name} ${other.work}`,
      );
  }
}

async function workOf({ port, database }, operation, tables, person) {
  const visitor = new ServiceVisitor(port, () => person);
  try {
    if (operation === 'refresh') await visitor.prepareRefresh();
    const before = await tables.rows(database);
    const reply = await visitor[operation]();
    return { reply: shape(reply), written: difference(before, await tables.rows(database)) };
  } finally {
    visitor.close();
  }
}

function shape(value) {
  if (value === null || typeof value !== 'object') return value === null ? null : typeof value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, shape(value[name])]));
}

/** For each table, the content of every added row, and the changes of every changed row. */
function difference(before, after) {
  const written = {};
  for (const [table, rows] of Object.entries(after)) {
    const known = new Map(before[table].map((row) => [row.id, row]));
    written[table] = rows
      .map((row) => {
        const old = known.get(row.id);
        const names = Object.keys(row).filter((name) =>
          old ? text(old[name]) !== text(row[name]) : row[name] !== null,
        );
        return names.length === 0 ? null : `${old ? 'changed' : 'added'}: ${names.sort().join(', ')}`;
      })
      .filter((line) => line !== null);
  }
  return written;
}

function text(value) {
  return value instanceof Date ? value.toISOString() : String(value);
}
