import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { blockOf, withNodePackage } from '../harness/printed-code.js';
import { World } from '../harness/world.js';

/** Runs a program in this folder. @returns what it printed, or its status where it failed */
async function run(source: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(source);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return status === 0 ? output.trim() : `status ${String(status)}`;
}

describe('docs/verifying-tokens.md', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test.each([
    ['@wechat-auth/node', "import { createVerifier } from '@wechat-auth/node'"],
    ['jose', 'import { createRemoteJWKSet'],
  ])('the code with %s names the user, and refuses a token that was changed', async (_library, begin) => {
    const snippet = withNodePackage(blockOf('docs/verifying-tokens.md', begin)).replaceAll(
      'https://auth.example.com',
      world.url,
    );
    const { accessToken, user } = await world.miniProgramLogin(await world.person());
    const [header, payload, signature] = accessToken.split('.');
    const touched = [header, payload, `${signature?.slice(0, -4)}AAAA`].join('.');
    const say = (token: string) => `${snippet}\nconsole.log(await userOf(${JSON.stringify(token)}));`;
    expect(await run(say(accessToken))).toBe(user.id);
    expect(await run(say(touched))).toBe('status 1');
  });
});
