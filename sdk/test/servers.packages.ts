import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../../test/harness/http.js';
import { endProgram, type Program, startProgram } from '../../test/harness/program.js';
import { World } from '../../test/harness/world.js';
import { Project } from './project.js';

let world: World;
const programs: Program[] = [];
/** URL of a route that needs a login, by framework. */
const urls: Record<string, string> = {};

/** Runs a file that prints the URL on which it listens. */
async function start(project: Project, file: string): Promise<void> {
  const program = startProgram([process.execPath, file], project.folder, { AUTH_URL: world.url });
  programs.push(program);
  const printed = new Promise<void>((resolvePrinted) => {
    program.child.stdout?.on('data', () => {
      if (program.output().includes('\n')) resolvePrinted();
    });
  });
  await Promise.race([printed, program.ended]);
  if (!program.output().startsWith('{')) throw new Error(`${file}: ${program.output()}`);
  Object.assign(urls, JSON.parse(program.output()));
}

beforeAll(async () => {
  world = await World.start();
  const servers = await Project.copyOf('servers');
  const nest = await Project.copyOf('nest');
  const compiler = resolve('node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', nest.folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
  await Promise.all([
    start(servers, 'express.cjs'),
    start(servers, 'fastify.mjs'),
    start(servers, 'koa.mjs'),
    start(nest, 'dist/main.js'),
  ]);
});
afterAll(async () => {
  await Promise.all(programs.map(endProgram));
  await world.stop();
});

describe.each(['nest', 'express', 'fastify', 'koa'])('a program with %s', (framework) => {
  test('answers the owner of an access token, and 401 with a problem without one', async () => {
    const { accessToken, user } = await world.miniProgramLogin(await world.person());
    const url = urls[framework] ?? '';
    expect((await call(url, { token: accessToken })).body).toEqual({ owner: user.id });

    const refused = await call(url);
    expect(refused.status).toBe(401);
    expect(refused.body).toMatchObject({ code: 'TOKEN_MISSING' });
    expect((await call(url, { token: `${accessToken}x` })).body).toMatchObject({ code: 'TOKEN_INVALID' });
  });
});
