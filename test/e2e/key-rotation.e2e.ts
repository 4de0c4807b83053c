import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { KeyRing } from '../../src/crypto/key-ring.js';
import { Database } from '../../src/database/database.js';
import { SigningKeys } from '../../src/session/signing-keys.js';
import { Resealing } from '../../src/user/resealing.js';
import { INSTANCES } from '../harness/backend.js';
import { call } from '../harness/http.js';
import { type Service, startService } from '../harness/service.js';
import { MINI_PROGRAM, World } from '../harness/world.js';

const OLD = Buffer.alloc(32, 7).toString('base64');
const NEW = Buffer.alloc(32, 8).toString('base64');

describe('keys are replaced without anybody noticing', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      JWT_ISSUER: 'https://auth.example.com',
      JWT_AUDIENCE: 'https://auth.example.com',
    });
  });
  afterAll(() => world.stop());

  const jwks = async (url = world.url) =>
    (await call<{ keys: { kid: string }[] }>(`${url}/.well-known/jwks.json`)).body.keys.map(({ kid }) => kid);
  const kidOf = (token: string) =>
    (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
  const signingKeys = () => world.service().app.get(SigningKeys, { strict: false });

  test('a signing key is published two hours before it signs, and the old one until its last token has expired', async () => {
    const person = await world.person();
    const [first, ...none] = await jwks();
    expect(none).toEqual([]);
    world.clock.advance(30 * 86_400 - 2 * 3600);
    await signingKeys().maintain();
    const both = await jwks();
    expect(both).toHaveLength(2);
    expect(kidOf((await world.miniProgramLogin(person)).accessToken)).toBe(first);
    world.clock.advance(2 * 3600 - 5);
    const last = await world.miniProgramLogin(person);
    expect(kidOf(last.accessToken)).toBe(first);
    world.clock.advance(10);
    const { accessToken } = await world.miniProgramLogin(person);
    expect(kidOf(accessToken)).toBe(both.find((kid) => kid !== first));
    expect(await jwks()).toHaveLength(2);
    world.clock.advance(14 * 60);
    expect((await call(`${world.url}/v1/auth/verify`, { token: last.accessToken })).status).toBe(200);
    world.clock.advance(10 * 60);
    expect(await jwks()).toEqual([kidOf(accessToken)]);
  });

  test('many instances that maintain the keys at once make one key', async () => {
    world.clock.advance(30 * 86_400);
    await Promise.all([1, 2, 3].map(() => signingKeys().maintain()));
    expect((await jwks()).length).toBeLessThanOrEqual(2);
  });

  test('twenty-five concurrent rotations are all executed, and delay no other request', async () => {
    const person = await world.person();
    const startedAt = performance.now();
    const rotations = Promise.all(Array.from({ length: 25 }, () => signingKeys().rotate(false, 'admin:ops')));
    const { accessToken } = await world.miniProgramLogin(person);
    expect((await world.verify(accessToken)).status).toBe(200);
    expect(new Set((await rotations).map(({ kid }) => kid)).size).toBe(25);
    // Waiting callers used to take all connections, so that the holder of the lock got none.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('a slow read of the keys that began before a rotation does not bring back what the rotation withdrew', async () => {
    const { accessToken } = await world.miniProgramLogin(await world.person());
    const database = world.service().app.get(Database, { strict: false });
    const read = database.run.bind(database);
    let arrive: () => void = () => undefined;
    const underWay = new Promise<void>((resolve) => (arrive = resolve));
    let finished: Promise<unknown> = Promise.resolve();
    const slow = jest.spyOn(database, 'run').mockImplementationOnce((work) => {
      const rows = read(work).then(async (found) => {
        await underWay;
        return found;
      });
      finished = rows;
      return rows;
    });
    // Old enough to be read again beside a request.
    world.clock.advance(3);
    await jwks();
    expect(slow).toHaveBeenCalledTimes(1);
    const { kid } = await signingKeys().rotate(true, 'admin:ops');
    arrive();
    await finished;
    slow.mockRestore();
    expect(await jwks()).toEqual([kid]);
    expect((await world.verify(accessToken)).body.code).toBe('TOKEN_INVALID');
  });

  test('ENCRYPTION_KEYS: a key is appended everywhere, then moved first, then the old one is removed; no session ends', async () => {
    const person = await world.person();
    const before = await world.miniProgramLogin(person);
    const started: Service[] = [];
    const roll = async (keys: string): Promise<Service> => {
      const service = await startService(
        {
          ...world.backend.environment,
          WECHAT_API_URL: world.sandbox.url,
          WECHAT_OPEN_URL: world.sandbox.url,
          JWT_ISSUER: 'https://auth.example.com',
          JWT_AUDIENCE: 'https://auth.example.com',
          ENCRYPTION_KEYS: keys,
        },
        world.clock,
      );
      started.push(service);
      return service;
    };
    const refresh = (service: Service, refreshToken: string) =>
      call<{ refreshToken: string; accessToken: string }>(`${service.url}/v1/auth/refresh`, {
        json: { refreshToken },
      });

    const second = await refresh(await roll(`${OLD},${NEW}`), before.refreshToken);
    expect(second.status).toBe(200);
    const moved = await roll(`${NEW},${OLD}`);
    const third = await refresh(moved, second.body.refreshToken);
    expect(third.status).toBe(200);
    await moved.app.get(Resealing, { strict: false }).run();
    await moved.app.get(SigningKeys, { strict: false }).maintain();

    const sealed = await world.backend.rows('SELECT session_key FROM wechat_identities');
    const wrong = new KeyRing([Buffer.alloc(32, 1), Buffer.alloc(32, 2)]);
    expect(await new Resealing(moved.app.get(Database, { strict: false }), wrong).run()).toBe(0);
    expect(await world.backend.rows('SELECT session_key FROM wechat_identities')).toEqual(sealed);

    const last = await roll(NEW);
    expect((await refresh(last, third.body.refreshToken)).status).toBe(200);
    const payload = await world.control<object>('open-data', {
      person: person.id,
      appId: MINI_PROGRAM,
      kind: 'custom',
      data: { n: 1 },
    });
    const opened = await call<{ data: { n: number } }>(`${last.url}/v1/mini-program/open-data`, {
      token: third.body.accessToken,
      json: payload,
    });
    expect(opened.body.data.n).toBe(1);
    await Promise.all(started.map((service) => service.stop()));
  });
});

test('another instance publishes a new key at once, and many who ask for the keys share reads', async () => {
  const world = await World.start({}, 2);
  const [first, second] = [world.service(0), world.service(1)];
  const kids = async () => {
    const { body } = await call<{ keys: { kid: string }[] }>(`${second.url}/.well-known/jwks.json`);
    return body.keys.map(({ kid }) => kid);
  };
  for (let rotation = 0; rotation < 3; rotation++) {
    const { kid } = await first.app.get(SigningKeys, { strict: false }).rotate(true, 'admin:ops');
    expect(await kids()).toEqual([kid]);
  }
  const database = second.app.get(Database, { strict: false });
  const reads = jest.spyOn(database, 'run');
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 50 }, kids));
  expect(reads.mock.calls.length).toBeLessThanOrEqual(2 + (performance.now() - startedAt) / 200);
  reads.mockRestore();
  await world.stop();
});

if (INSTANCES > 1) {
  describe('after a compromise, on two instances', () => {
    let world: World;
    beforeAll(async () => {
      world = await World.start({}, 2);
    });
    afterAll(() => world.stop());

    const other = () => world.service(1).url;
    const rotateNow = () => world.service().app.get(SigningKeys, { strict: false }).rotate(true, 'admin:ops');

    test('a token of the new key is good everywhere at once', async () => {
      const person = await world.person();
      const before = await world.miniProgramLogin(person);
      world.clock.advance(10);
      expect((await world.verify(before.accessToken, other())).status).toBe(200);
      await rotateNow();
      const { accessToken } = (await world.refresh(before.refreshToken)).body;
      const replies = await Promise.all([1, 2, 3].map(() => world.verify(accessToken, other())));
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    });

    test.each([6, 60, 600])(
      'a token of an old key is refused by an instance without requests for %i s',
      async (seconds) => {
        const { accessToken, refreshToken } = await world.miniProgramLogin(await world.person());
        expect((await world.verify(accessToken, other())).status).toBe(200);
        await rotateNow();
        world.clock.advance(seconds);
        expect((await world.verify(accessToken, other())).body.code).toBe('TOKEN_INVALID');
        expect((await world.refresh(refreshToken, other())).status).toBe(200);
      },
    );
  });
}
