import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { type Person, World } from '../../../../test/harness/world.js';
import type { Auth, AuthOptions } from '../../src/index.js';
import { Phone } from './phone.js';
import { type Program, run } from './run.js';

export const LOGIN = 'POST /v1/mini-program/login';
export const REFRESH = 'POST /v1/auth/refresh';
export const LOGOUT = 'POST /v1/auth/logout';
export const ME = '/v1/users/me';

/** What each test has. */
export interface Stage {
  readonly world: World;
  readonly person: Person;
  readonly phone: Phone;
  readonly program: Program;
  readonly auth: Auth;
  /** Closes the mini program and starts it again: memory is empty, storage is kept. @param wx instead of the phone's */
  restart(options?: Partial<AuthOptions>, wx?: object): Auth;
  /** Another person takes another phone. */
  handOver(): Promise<void>;
  /** One more instance in this run. */
  another(options?: Partial<AuthOptions>): Auth;
  /** Calls so far. */
  logins(): { wx: number; login: number; refresh: number };
  /** Ids of the person's users; two where one was deleted and another made. */
  users(): Promise<string[]>;
  /** Sessions of the person that are alive. */
  liveSessions(): Promise<number>;
}

/** Sets service, WeChat and phone up for the tests of a file. A test fails that leaves a timer running. */
export function setStage(environment: Readonly<Record<string, string>> = {}): Stage {
  const stage = {
    restart(options = {}, wx?: object): Auth {
      stage.program = run(stage.phone, wx ?? stage.phone.wx);
      return (stage.auth = stage.another(options));
    },
    another: (options = {}) => stage.program.createAuth({ baseUrl: stage.world.url, ...options }),
    async handOver(): Promise<void> {
      stage.person = await stage.world.person();
      stage.phone = new Phone(stage.world, stage.person);
      stage.restart();
    },
    logins: () => ({
      wx: stage.phone.callsOf('login'),
      login: stage.phone.network.callsOf(LOGIN),
      refresh: stage.phone.network.callsOf(REFRESH),
    }),
    async users(): Promise<string[]> {
      const rows = await stage.world.backend.rows(
        `SELECT DISTINCT user_id AS id FROM wechat_identities WHERE open_id IN (${openIds()})`,
      );
      return rows.map(({ id }) => String(id));
    },
    liveSessions: () =>
      stage.world.count(
        `sessions JOIN wechat_identities ON wechat_identities.id = sessions.identity_id
         WHERE open_id IN (${openIds()}) AND revoked_at IS NULL`,
      ),
  } as { -readonly [Key in keyof Stage]: Stage[Key] };
  const openIds = () =>
    Object.values(stage.person.openIds)
      .map((openId) => `'${openId}'`)
      .join(', ');

  beforeAll(async () => {
    stage.world = await World.start(environment);
  });
  afterAll(() => stage.world.stop());
  beforeEach(() => stage.handOver());
  afterEach(() => expect(stage.phone.time.pending).toBe(0));
  return stage;
}
