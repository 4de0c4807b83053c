import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Backend, createBackend } from '../harness/backend.js';

/** Statements that take effect only with those that follow, up to COMMIT. */
const IN_TRANSACTION = /^\s*(START TRANSACTION|BEGIN|UPDATE|REPLACE)/i;
/** More rows than one range of a data step has. */
const USERS = 1_200;

describe('a migration that is cut off', () => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await createBackend();
  });
  afterEach(() => backend.drop());

  test('continues at the next start, after whichever statement it was killed, forward and backward', async () => {
    const fresh = await createBackend();
    await load(fresh, 'up').run(Infinity);
    const expected = await definitions(fresh);
    await fresh.drop();

    const up = await killedAfterEach(backend, 'up', async (statement) => {
      if (statement.includes('INSERT INTO migrations') && (await recorded(backend)) === 1)
        await addUsers(backend);
    });
    expect(up).toBeGreaterThan(30);
    expect(await definitions(backend)).toEqual(expected);
    expect(
      await backend.rows(
        `SELECT nickname, nickname_source, COUNT(*) AS n FROM users
         GROUP BY nickname, nickname_source ORDER BY nickname`,
      ),
    ).toEqual([
      { nickname: null, nickname_source: null, n: USERS / 2 },
      { nickname: '阿明', nickname_source: 'wechat', n: USERS / 2 },
    ]);

    await killedAfterEach(backend, 'down');
    expect(await backend.tables()).toEqual(expect.not.arrayContaining(['users', 'events', 'avatar_jobs']));
    expect(await recorded(backend)).toBe(0);
    await load(backend, 'up').run(Infinity);
    expect(await definitions(backend)).toEqual(expected);
  }, 120_000);
});

/** Runs the migrations again and again, each killed one statement later, until one ends. @returns how many were killed */
async function killedAfterEach(
  backend: Backend,
  direction: 'up' | 'down',
  then: (statement: string) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  let next = load(backend, direction);
  let statements = 1;
  for (let killed = 0; ; killed++) {
    const program = next;
    next = load(backend, direction);
    const output = await program.run(statements);
    if (output === 'done\n') {
      await next.run(Infinity);
      return killed;
    }
    const statement = /^killed after ([^]*)/.exec(output)?.[1];
    if (statement === undefined) throw new Error(output);
    await then(statement);
    // Rolled-back statements are repeated, so the next run must get one statement further.
    statements = IN_TRANSACTION.test(statement) ? statements + 1 : 1;
  }
}

/** A process that migrates when it is told to. */
function load(backend: Backend, direction: 'up' | 'down'): { run: (statements: number) => Promise<string> } {
  const child = spawn(process.execPath, [
    resolve('test/harness/migrations.mjs'),
    backend.environment.DATABASE_URL ?? '',
    direction,
  ]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return {
    run: async (statements) => {
      child.stdin.write(`${statements}\n`);
      await once(child, 'close');
      return output;
    },
  };
}

async function recorded(backend: Backend): Promise<number> {
  return (await backend.rows('SELECT name FROM migrations')).length;
}

async function addUsers(backend: Backend): Promise<void> {
  const rows = Array.from({ length: USERS }, (_, index) => {
    const nickname = index % 2 === 0 ? 'NULL' : "'阿明'";
    return `('user-${String(index).padStart(4, '0')}', ${nickname}, 'active', '2026-01-01', '2026-01-01')`;
  });
  await backend.write(
    `INSERT INTO users (id, nickname, status, created_at, updated_at) VALUES ${rows.join(', ')}`,
  );
}

/** How each table is defined, with its indexes. */
async function definitions(backend: Backend): Promise<string[]> {
  if (backend.dialect === 'sqlite') {
    const rows = await backend.rows(
      "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name",
    );
    return rows.map(({ sql }) => String(sql));
  }
  const tables = (await backend.tables()).sort();
  const rows = await Promise.all(tables.map((table) => backend.rows(`SHOW CREATE TABLE ${table}`)));
  return rows.map(([row]) => String(row?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, ''));
}
