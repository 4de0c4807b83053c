import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { endProgram, type Program, startProgram } from '../../test/harness/program.js';

jest.setTimeout(60_000);

const run = promisify(execFile);
const MINI = { appid: 'wx0123456789abcdef', secret: 'of-the-mini-program' };

/** The package as `npm pack` makes it of the build, unpacked, with the dependencies that npm would install. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wechat-sandbox-'));
  const pack = ['pack', '--workspace', 'sandbox', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', pack);
  const filename = /"filename": "([^"]+)"/.exec(stdout)?.[1] ?? '';
  await run('tar', ['-xzf', join(folder, filename), '-C', folder]);
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Program {
  return startProgram(
    [process.execPath, join(folder, 'package/dist/main.js'), ...words],
    folder,
    environment,
  );
}

/** Its address, once it has printed it. */
async function addressOf(program: Program): Promise<string> {
  const ended = program.ended.then(() => 'ended');
  for (;;) {
    const url = /^WeChat sandbox {2}(\S+)$/m.exec(program.output())?.[1];
    if (url !== undefined) return url;
    const waited = await Promise.race([ended, new Promise((wait) => setTimeout(wait, 50))]);
    if (waited === 'ended') throw new Error(program.output());
  }
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await reply.json()) as Record<string, unknown>;
}

describe('the program wechat-sandbox of the packed package', () => {
  it('logs somebody in by code2session, and ends with status 0 on SIGTERM', async () => {
    const program = start(['--port', '0', '--mini-programs', `${MINI.appid}:${MINI.secret}`]);
    const url = await addressOf(program);
    const { code } = await post(`${url}/control/wx-login`, { person: 'alice', appId: MINI.appid });
    const query = new URLSearchParams({ ...MINI, js_code: String(code), grant_type: 'authorization_code' });
    const reply = await fetch(`${url}/sns/jscode2session?${query.toString()}`);
    const session = (await reply.json()) as Record<string, unknown>;
    expect(Object.keys(session).sort()).toEqual(['openid', 'session_key', 'unionid']);
    const page = await fetch(`${url}/phone`);
    expect(await page.text()).toContain('<html');
    expect(await endProgram(program)).toBe(0);
  });

  it('prints its options', async () => {
    const program = start(['--help']);
    expect(await program.ended).toBe(0);
    expect(program.output()).toMatch(/^Usage: wechat-sandbox/);
  });

  it.each([
    ['an unknown option', ['--prot', '0'], {}, /--prot/],
    ['no port', ['--port', 'http'], {}, /^SANDBOX_PORT must be a port number\.$/m],
    ['production', ['--port', '0'], { NODE_ENV: 'production' }, /does not start with NODE_ENV=production/],
  ])('refuses %s in one line', async (_what, words, environment, line) => {
    const program = start(words, environment);
    expect(await program.ended).toBe(1);
    const lines = program.output().trimEnd().split('\n');
    expect(lines).toEqual([expect.stringMatching(line)]);
  });
});

describe('the package', () => {
  it('gives createSandbox to tests', async () => {
    const script = `
      const { createSandbox } = await import('@wechat-auth/sandbox');
      const sandbox = createSandbox();
      const reply = await fetch((await sandbox.listen()) + '/control/people');
      console.log(reply.status);
      await sandbox.close();`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script]);
    expect(stdout).toBe('200\n');
  });
});
