import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
  let snippet: string;
  beforeAll(async () => {
    world = await World.start();
    const page = await readFile('docs/verifying-tokens.md', 'utf8');
    snippet = (/```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '').replace('https://auth.example.com', world.url);
  });
  afterAll(() => world.stop());

  test('the code for Node.js names the user, and refuses a token that was changed', async () => {
    const { accessToken, user } = await world.miniProgramLogin(await world.person());
    const [header, payload, signature] = accessToken.split('.');
    const touched = [header, payload, `${signature?.slice(0, -4)}AAAA`].join('.');
    const say = (token: string) => `${snippet}\nconsole.log(await userOf(${JSON.stringify(token)}));`;
    expect(await run(say(accessToken))).toBe(user.id);
    expect(await run(say(touched))).toBe('status 1');
  });
});
