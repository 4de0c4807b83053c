import { expect, test } from '@jest/globals';
import { evaluate } from './dom.js';
import { EXAMPLE } from './program.js';
import { setStage } from './stage.js';

const stage = setStage();

interface Sandboxed {
  login(callbacks: object): void;
  request: unknown;
}

test('the example can be tried without an AppID: the simulator of WeChat gives the codes', async () => {
  const { world, phone } = stage;
  const { sandboxPhone } = evaluate(`${EXAMPLE}sandbox.js`) as { sandboxPhone: (url: string) => Sandboxed };
  phone.hosts[world.sandbox.url] = world.sandbox.url;
  const wx = sandboxPhone(world.sandbox.url);
  expect(wx.request).toBe(phone.wx.request);
  const { code } = await new Promise<{ code: string }>((success, fail) => wx.login({ success, fail }));
  expect((await world.loginWith(code)).status).toBe(200);

  phone.lost = 'call';
  await expect(new Promise((success, fail) => wx.login({ success, fail }))).rejects.toMatchObject({
    errMsg: expect.stringMatching(/^login:fail/),
  });
});
