import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../harness/browser.js';
import { call } from '../harness/http.js';
import { API_KEYS } from '../harness/operator.js';
import { type Begun, PartnerApp } from '../harness/partner-app.js';
import { processInPlaceOf, startProcess, untilReady } from '../harness/service-process.js';
import type { Program } from '../harness/program.js';
import { type Person, type TokenReply, World } from '../harness/world.js';

/** Invariants of the tables: each query must find nothing. */
const INVARIANTS = {
  'an identity of nobody, or of a merged user': `SELECT i.id FROM wechat_identities i
    LEFT JOIN users u ON u.id = i.user_id WHERE u.id IS NULL OR u.status = 'merged'`,
  'a unionid of nobody, or of a merged user': `SELECT n.union_id FROM union_ids n
    LEFT JOIN users u ON u.id = n.user_id WHERE u.id IS NULL OR u.status = 'merged'`,
  'a user without an identity': `SELECT u.id FROM users u
    LEFT JOIN wechat_identities i ON i.user_id = u.id WHERE i.id IS NULL AND u.status <> 'merged'`,
  'a merged user that points nowhere': `SELECT u.id FROM users u LEFT JOIN users s ON s.id = u.merged_into
    WHERE u.status = 'merged' AND (s.id IS NULL OR s.status = 'merged')`,
  'an identity whose unionid is somebody else’s': `SELECT i.id FROM wechat_identities i
    JOIN union_ids n ON n.union_id = i.union_id WHERE n.user_id <> i.user_id`,
  'a session without its event': `SELECT s.id FROM sessions s
    WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.type = 'login.succeeded' AND INSTR(e.details, s.id) > 0)`,
} as const;

const ROUNDS = 4;

describe('the process is killed at a random moment', () => {
  let world: World;
  let url: string;
  let environment: Readonly<Record<string, string>>;
  beforeAll(async () => {
    world = await World.start();
    ({ url, environment } = await processInPlaceOf(world, API_KEYS));
  });
  afterAll(() => world.stop());

  const begin = async (): Promise<Program> => {
    const started = startProcess(environment);
    await untilReady(url);
    return started;
  };

  const miniProgram = async (person: Person): Promise<TokenReply | null> => {
    const reply = await world.loginWith(await world.wxLogin(person), {}, url);
    return reply.status === 200 ? reply.body : null;
  };

  const website = async (person: Person): Promise<TokenReply | null> => {
    const browser = new Browser();
    const callback = await world.scanAndAllow(await world.authorize(browser, {}, url), person);
    const loginCode = locationOf(await browser.visit(callback.href)).searchParams.get('loginCode');
    const reply = await world.redeem(browser, loginCode, {}, url);
    return reply.status === 200 ? reply.body : null;
  };

  /** Two accounts that turn out to be one person: first logins, a late unionid, a merge. */
  const life = async (acknowledged: TokenReply[]): Promise<void> => {
    const person = await world.person({ withUnionId: false });
    for (const login of [miniProgram, website]) acknowledged.push(...present(await login(person)));
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    const both = await Promise.all([miniProgram(person), website(person)]);
    acknowledged.push(...both.flatMap(present));
  };

  test('nothing is half done, and nothing that was acknowledged is lost', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const acknowledged: TokenReply[] = [];
      const { child, ended } = await begin();
      const lives = Array.from({ length: 12 }, () => life(acknowledged).catch(() => undefined));
      setTimeout(() => child.kill('SIGKILL'), randomInt(150, 900));
      await Promise.all(lives);
      await ended;

      const again = await begin();
      for (const [name, query] of Object.entries(INVARIANTS)) {
        expect({ [name]: await world.backend.rows(query) }).toEqual({ [name]: [] });
      }
      for (const { refreshToken } of acknowledged) {
        const reply = await call(`${url}/v1/auth/refresh`, { json: { refreshToken } });
        expect(reply.status).toBe(200);
      }
      again.child.kill('SIGTERM');
      expect(await again.ended).toBe(0);
    }
  });

  test('no code of a partner app works twice', async () => {
    for (let round = 0; round < 2; round++) {
      const { child, ended } = await begin();
      // The world as seen by somebody who asks the process instead of its instance.
      const outside = Object.create(world, { services: { value: [{ url }] } }) as World;
      const partner = await PartnerApp.register(outside);
      const logins: { begun: Begun; location: URL; successes: number }[] = [];
      for (let login = 0; login < 6; login++) {
        const begun = partner.begin();
        logins.push({ begun, location: await partner.authorize(await world.person(), begun), successes: 0 });
      }
      const exchanges = logins.flatMap((login) =>
        Array.from({ length: 3 }, async () => {
          const { status } = await partner.exchange(login.location, login.begun);
          if (status === 200) login.successes++;
        }).map((exchange) => exchange.catch(() => undefined)),
      );
      setTimeout(() => child.kill('SIGKILL'), randomInt(1, 120));
      await Promise.all(exchanges);
      await ended;

      const again = await begin();
      for (const login of logins) {
        for (let use = 0; use < 2; use++) {
          const { status } = await partner.exchange(login.location, login.begun);
          if (status === 200) login.successes++;
        }
      }
      expect(logins.filter(({ successes }) => successes > 1)).toEqual([]);
      again.child.kill('SIGTERM');
      expect(await again.ended).toBe(0);
    }
  });
});

function present(reply: TokenReply | null): TokenReply[] {
  return reply === null ? [] : [reply];
}
