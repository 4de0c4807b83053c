/**
 * Node versions in which better-sqlite3 12 crashes when a handle is garbage-collected; see `retire` in
 * src/database.
 */
const AFFECTED = Number(process.versions.node.split('.', 1)[0]) >= 24;

const kept: unknown[] = [];

/** Keeps a connection, statement or runner of better-sqlite3 from being garbage-collected. */
export function keepHandle(handle: unknown): void {
  if (AFFECTED) kept.push(handle);
}
