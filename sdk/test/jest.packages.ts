import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startProgram } from '../../test/harness/program.js';
import { World } from '../../test/harness/world.js';
import { Project } from './project.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

/** Jest in CommonJS, as `nest new` sets it up, requires no ES module: neither the package's nor one of a dependency. */
test("a CommonJS project's own Jest verifies a token by @wechat-auth/node", async () => {
  const project = await Project.empty({ type: 'commonjs' });
  await project.write(
    'owner.test.js',
    `const { AuthError, createVerifier } = require('@wechat-auth/node');
    require('@wechat-auth/node/express');
    const { AUTH_URL, TOKEN, OWNER } = process.env;
    const { verify } = createVerifier({ issuer: AUTH_URL });
    test('of a token', async () => {
      expect((await verify(TOKEN)).sub).toBe(OWNER);
      await expect(verify(TOKEN + 'x')).rejects.toBeInstanceOf(AuthError);
    });`,
  );
  const { accessToken, user } = await world.miniProgramLogin(await world.person());
  const jest = startProgram([process.execPath, resolve('node_modules/jest/bin/jest.js')], project.folder, {
    AUTH_URL: world.url,
    TOKEN: accessToken,
    OWNER: user.id,
  });
  await jest.ended;
  expect(jest.output()).toContain('1 passed');
});
