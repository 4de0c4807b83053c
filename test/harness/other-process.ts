import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a query on the file in another process, which does not see uncommitted data. */
export function rowsElsewhere(file: string, sql: string): Record<string, unknown>[] {
  const script = `
    const db = require('better-sqlite3')(process.argv[1], { readonly: true });
    process.stdout.write(JSON.stringify(db.prepare(process.argv[2]).all()));`;
  return JSON.parse(execFileSync(process.execPath, ['-e', script, file, sql]).toString()) as Record<
    string,
    unknown
  >[];
}

/** Runs SQL on the file in another process, which keeps the file open until it is released. */
export async function holdElsewhere(file: string, sql: string): Promise<() => Promise<void>> {
  const script = `
    const db = require('better-sqlite3')(process.argv[1], { timeout: 5000 });
    db.exec(process.argv[2]);
    process.stdout.write('held');
    process.stdin.on('end', () => process.exit(0)).resume();`;
  const child = spawn(process.execPath, ['-e', script, file, sql], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => Promise.reject(new Error('the other process ended'))),
  ]);
  return async () => {
    child.stdin.end();
    await ended;
  };
}

/** Writes to the file in another process, which then exits. */
export async function writeElsewhere(file: string, sql: string): Promise<void> {
  const release = await holdElsewhere(file, sql);
  await release();
}
