import { cp, mkdtemp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Backend, createBackend } from '../harness/backend.js';
import { freePort } from '../harness/free-port.js';
import { call } from '../harness/http.js';
import { endProgram, type Program, startProgram, untilAnswers } from '../harness/program.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import type { Problem } from '../harness/world.js';

/** A start takes a second of CPU, which other processes may delay. */
const PATIENCE_MS = 60_000;

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

/** Tests that do not depend on the backend run once. */
const once = backend.databaseUrl === null ? describe : describe.skip;
const onMysql = backend.databaseUrl === null ? describe.skip : describe;

const KEYS = Buffer.alloc(32, 7).toString('base64');
const MAIN = resolve('dist/main.js');

jest.setTimeout(PATIENCE_MS);

let folder: string;
let port: number;
let url: string;
let programs: Program[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wechat-auth-start-'));
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
  programs = [];
});
afterEach(async () => {
  for (const { child } of programs) child.kill('SIGKILL');
  await Promise.all(programs.map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
});

/** The service in a folder of its own, where there is no `.env` but the test's. */
function start(environment: Readonly<Record<string, string>> = {}, words: readonly string[] = []): Program {
  const settings = {
    NODE_ENV: 'test',
    ENCRYPTION_KEYS: KEYS,
    DATABASE_URL: 'sqlite:service.sqlite',
    PORT: String(port),
    ...environment,
  };
  const program = startProgram([process.execPath, ...words, MAIN], folder, settings);
  programs.push(program);
  return program;
}

/** The stderr of a start that must fail. */
async function refusal(program: Program): Promise<string> {
  const status = await program.ended;
  const lines = program
    .output()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'));
  expect({ status, lines }).toEqual({ status: 1, lines: [expect.any(String)] });
  return lines[0] ?? '';
}

once('a start that cannot succeed ends at once, with one line and status 1', () => {
  test.each([
    [
      'UTF-16',
      Buffer.from('\ufeffNODE_ENV=production\n', 'utf16le'),
      /^The file \.env is not UTF-8 but probably UTF-16/,
    ],
    ['Latin-1', Buffer.from('BRAND_NAME=caf\xe9\n', 'latin1'), /^The file \.env is not UTF-8/],
    [
      'a letter',
      Buffer.from('# settings\nNODE_ENV production\n'),
      /^The file \.env has neither .* in line 2\.$/,
    ],
    ['a folder', null, /^The file \.env is there and cannot be read \(EISDIR\)/],
  ])('a .env that is %s', async (_what, content, line) => {
    if (content) await writeFile(join(folder, '.env'), content);
    else await mkdir(join(folder, '.env'));
    expect(await refusal(start())).toMatch(line);
  });

  test('a port that is taken, a HOST of another machine, a data folder that takes no files', async () => {
    const server = createServer().listen(port, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    await writeFile(join(folder, 'data'), 'a file');
    const [taken, host, data] = await Promise.all([
      refusal(start()),
      refusal(
        start({ HOST: '192.0.2.1', PORT: String(await freePort()), DATABASE_URL: 'sqlite:other.sqlite' }),
      ),
      refusal(start({ DATABASE_URL: 'sqlite:data/service.sqlite', PORT: String(await freePort()) })),
    ]);
    expect(taken).toMatch(/^The port is taken/);
    expect(host).toMatch(/^HOST 192\.0\.2\.1 is no address of this machine/);
    expect(data).toMatch(/^The database file data\/service\.sqlite: cannot be used: (EEXIST|ENOTDIR)/);
    await new Promise((closed) => server.close(closed));
  });

  test('a sandbox port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const address = server.address();
    const sandboxPort = typeof address === 'object' ? String(address?.port) : '';
    const line = await refusal(start({ NODE_ENV: 'development', SANDBOX_PORT: sandboxPort }));
    expect(line).toMatch(/^The port of the sandbox is taken: set SANDBOX_PORT/);
    await new Promise((closed) => server.close(closed));
  });

  test('the sandbox in an image that does not contain it', async () => {
    await cp(resolve('dist'), join(folder, 'dist'), { recursive: true });
    await cp(resolve('package.json'), join(folder, 'package.json'));
    await mkdir(join(folder, 'node_modules'));
    for (const name of await readdir('node_modules')) {
      if (name !== '@wechat-auth')
        await symlink(resolve('node_modules', name), join(folder, 'node_modules', name));
    }
    const program = startProgram([process.execPath, join(folder, 'dist/main.js')], folder, {
      NODE_ENV: 'development',
      PORT: String(port),
    });
    programs.push(program);
    expect(await refusal(program)).toMatch(/^The sandbox is not installed: .*SANDBOX=off\.$/);
  });

  test('an SQLite file that is none, and one of another application', async () => {
    await writeFile(join(folder, 'letter.sqlite'), 'This is a letter, and no database at all.'.repeat(100));
    const { default: Sqlite } = await import('better-sqlite3');
    const foreign = new Sqlite(join(folder, 'foreign.sqlite'));
    foreign.exec('CREATE TABLE users (id integer PRIMARY KEY, email text)');
    foreign.close();
    const [letter, other] = await Promise.all([
      refusal(start({ DATABASE_URL: 'sqlite:letter.sqlite' })),
      refusal(start({ DATABASE_URL: 'sqlite:foreign.sqlite', PORT: String(await freePort()) })),
    ]);
    expect(letter).toMatch(/^The database file letter\.sqlite: cannot be used: .*SQLITE_NOTADB/);
    expect(other).toMatch(/table "users" belongs to another application/);
  });

  test('a Node that is too old', async () => {
    const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.4'}})`;
    expect(await refusal(start({}, ['--import', pretend]))).toMatch(/^Node\.js 18\.20\.4 is too old/);
  });

  test('too few file descriptors', async () => {
    const program = startProgram(
      ['/bin/sh', '-c', `ulimit -n 22; exec "${process.execPath}" "${MAIN}"`],
      folder,
      {
        NODE_ENV: 'test',
        ENCRYPTION_KEYS: KEYS,
        DATABASE_URL: 'sqlite:service.sqlite',
        PORT: String(port),
      },
    );
    programs.push(program);
    expect(await refusal(program)).toMatch(/^There are too few file descriptors/);
  });

  test('ENCRYPTION_KEYS that are not those of the database', async () => {
    const first = start();
    await untilAnswers(`${url}/health/ready`, 200, first);
    await endProgram(first);
    const line = await refusal(start({ ENCRYPTION_KEYS: Buffer.alloc(32, 8).toString('base64') }));
    expect(line).toMatch(/^ENCRYPTION_KEYS does not open what is in the database: the key \S+ is not in/);
  });
});

once('what an operator may do all the same', () => {
  test('a .env with a byte order mark and several lines in quotes counts, and few descriptors are warned of', async () => {
    await writeFile(
      join(folder, '.env'),
      `\ufeffPORT=${port}\r\nexport NOTE="two\nlines"\r\n\r\n# all\r\nLOG_LEVEL=info\r\n`,
    );
    const program = startProgram(
      ['/bin/sh', '-c', `ulimit -n 900; exec "${process.execPath}" "${MAIN}"`],
      folder,
      {
        NODE_ENV: 'test',
        ENCRYPTION_KEYS: KEYS,
        DATABASE_URL: 'sqlite:service.sqlite',
      },
    );
    programs.push(program);
    await untilAnswers(`${url}/health/ready`, 200, program);
    expect(program.output()).toContain('may open 900 files and connections at once');
    expect(await endProgram(program)).toBe(0);
  });
});

onMysql('the database is not there at the start', () => {
  let tables: Backend;
  let databaseUrl: URL;
  beforeAll(async () => {
    tables = await createBackend();
  });
  afterAll(() => tables.drop());
  beforeEach(() => {
    databaseUrl = new URL(tables.environment.DATABASE_URL ?? '');
  });

  test('the process is alive and not ready, answers 503, logs the cause, and becomes ready by itself', async () => {
    const proxy = new TcpProxy({ host: databaseUrl.hostname, port: Number(databaseUrl.port || 3306) });
    databaseUrl.hostname = '127.0.0.1';
    databaseUrl.port = String(await proxy.open());
    databaseUrl.password = 'hush';
    await proxy.cut();
    const program = start({ DATABASE_URL: databaseUrl.href });
    await untilAnswers(`${url}/health/live`, 200, program);

    const ready = await call<Problem>(`${url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ code: 'DATABASE_UNAVAILABLE', errors: [{ field: 'database' }] });
    for (const path of [
      '/.well-known/jwks.json',
      '/v1/auth/verify',
      '/v1/users/me',
      '/v1/admin/users',
      '/login',
    ]) {
      const { status, body, headers } = await call<Problem>(`${url}${path}`);
      expect({ path, status, retry: headers.get('retry-after') }).toEqual({ path, status: 503, retry: '2' });
      expect(JSON.stringify(body)).not.toContain(databaseUrl.port);
    }
    const [line = ''] = program.output().split('\n');
    expect(JSON.parse(line)).toMatchObject({ level: 'warn' });
    expect(line).toContain(`The database at 127.0.0.1:${databaseUrl.port} cannot be used yet:`);
    expect(line).toContain('ECONNREFUSED');
    expect(program.output()).not.toContain('hush');

    // The server refuses the password: that ends the start, when it is known.
    await proxy.open();
    expect(await program.ended).toBe(1);
    await proxy.cut();
    databaseUrl.password = '';
    const again = start({ DATABASE_URL: databaseUrl.href });
    await untilAnswers(`${url}/health/live`, 200, again);
    const openedAt = performance.now();
    await proxy.open();
    await untilAnswers(`${url}/health/ready`, 200, again);
    expect(performance.now() - openedAt).toBeLessThan(5_000);
    const keys = await call<{ keys: unknown[] }>(`${url}/.well-known/jwks.json`);
    expect(keys.body.keys).toHaveLength(1);
    expect(await endProgram(again)).toBe(0);
    await proxy.cut();
  });

  test('a wrong password and an unknown database end the start with one line, without the password', async () => {
    const wrong = new URL(databaseUrl);
    wrong.username = 'nobody-at-all';
    wrong.password = 'hush';
    const unknown = new URL(databaseUrl);
    unknown.pathname = '/no_such_database';
    const [password, database] = await Promise.all([
      refusal(start({ DATABASE_URL: wrong.href })),
      refusal(start({ DATABASE_URL: unknown.href, PORT: String(await freePort()) })),
    ]);
    expect(password).toMatch(/cannot be used: .*ER_ACCESS_DENIED_ERROR/);
    expect(password).not.toContain('hush');
    expect(database).toMatch(/cannot be used: .*ER_BAD_DB_ERROR/);
  });
});
