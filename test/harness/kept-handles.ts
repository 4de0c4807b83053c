/** Node versions under which better-sqlite3 12 ends the process when a handle is collected; see `retire` in src/database. */
const AFFECTED = Number(process.versions.node.split('.', 1)[0]) >= 24;

const kept: unknown[] = [];

/** Keeps a connection, a statement or a runner of better-sqlite3 from being collected. */
export function keepHandle(handle: unknown): void {
  if (AFFECTED) kept.push(handle);
}
