import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type BlackHole, droppingPort } from '../harness/black-hole.js';
import { call } from '../harness/http.js';
import { TcpProxy } from '../harness/tcp-proxy.js';
import { World } from '../harness/world.js';

// A spec, so it runs once: what is between the service and WeChat does not differ by backend.
describe('a WeChat whose network swallows every packet', () => {
  const sandboxAddress = { host: '127.0.0.1', port: 0 };
  const network = new TcpProxy(sandboxAddress);
  let world: World;
  let hole: BlackHole | undefined;
  let port: number;
  beforeAll(async () => {
    port = await network.open();
    world = await World.start({ WECHAT_API_URL: `http://127.0.0.1:${port}` });
    sandboxAddress.port = Number(new URL(world.sandbox.url).port);
  });
  afterAll(async () => {
    await world.stop();
    await hole?.close();
    await network.cut();
  });

  test('answers within 5 s, keeps the code good, and everything else is as fast as before', async () => {
    const person = await world.person();
    const { refreshToken, accessToken } = await world.miniProgramLogin(person);
    const code = await world.wxLogin(person);
    await network.cut();
    hole = await droppingPort(port);

    const startedAt = performance.now();
    const logins = [code, ...Array.from({ length: 19 }, (_, n) => `081iIL${n}`)].map(async (each) => ({
      reply: await world.loginWith(each),
      ms: performance.now() - startedAt,
    }));
    const others = [];
    for (let time = 0; time < 10; time++) {
      others.push(await call(`${world.url}/v1/auth/verify`, { token: accessToken }));
      others.push(await world.refresh(refreshToken));
    }
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
    for (const { reply, ms } of await Promise.all(logins)) {
      expect(reply.body).toMatchObject({ code: 'WECHAT_UNAVAILABLE', status: 503 });
      expect(ms).toBeLessThan(5_000);
    }

    await hole.close();
    hole = undefined;
    await network.open();
    expect((await world.loginWith(code)).status).toBe(200);
  });
});
