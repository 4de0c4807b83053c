import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { freePort } from '../harness/free-port.js';
import { endProgram, type Program, startProgram, untilAnswers } from '../harness/program.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

const once = backend.databaseUrl === null ? describe : describe.skip;

/** What the start loads of `dist`. */
const PARTS = ['main.js', 'bundle', 'browser'];
/** Packages in the bundle that keep state, and so must not be loaded a second time from beside it. */
const BUNDLED = [
  '@nestjs',
  'typeorm',
  'class-validator',
  'class-transformer',
  'fastify',
  'reflect-metadata',
  'rxjs',
];

jest.setTimeout(60_000);

once('the bundle of the build, where what it contains is not installed', () => {
  let folder: string;
  let url: string;
  let program: Program;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wechat-auth-bundle-'));
    await cp(resolve('package.json'), join(folder, 'package.json'));
    for (const part of PARTS)
      await cp(resolve('dist', part), join(folder, 'dist', part), { recursive: true });
    await mkdir(join(folder, 'node_modules'));
    for (const name of await readdir('node_modules')) {
      if (!BUNDLED.includes(name))
        await symlink(resolve('node_modules', name), join(folder, 'node_modules', name));
    }
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    program = startProgram([process.execPath, join(folder, 'dist/main.js')], folder, {
      NODE_ENV: 'test',
      DOCS: 'on',
      ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
      DATABASE_URL: 'sqlite:service.sqlite',
      PORT: String(port),
      PUBLIC_URL: url,
    });
    await untilAnswers(`${url}/health/ready`, 200, program);
  });
  afterAll(async () => {
    await endProgram(program);
    await rm(folder, { recursive: true, force: true });
  });

  test('keeps the names of classes, from which the OpenAPI document is made', async () => {
    const expected = JSON.parse(await readFile('docs/openapi.json', 'utf8')) as object;
    const document = (await (await fetch(`${url}/docs/json`)).json()) as object;
    expect(document).toEqual({ ...expected, servers: [expect.objectContaining({ url })] });
  });

  test.each([
    ['Swagger UI', '/docs/swagger-ui.css'],
    ['a hosted page', '/login'],
    ['what a package imports when it is first needed', '/oidc/.well-known/openid-configuration'],
  ])('serves %s', async (_what, path) => {
    const reply = await fetch(url + path);
    await reply.body?.cancel();
    expect(reply.status).toBe(200);
  });
});
