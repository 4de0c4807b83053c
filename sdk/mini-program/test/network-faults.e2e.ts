import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApiHost } from './phone/api-host.js';
import type { Fault } from './phone/fault.js';
import { LOGIN, LOGOUT, ME, REFRESH, setStage } from './phone/stage.js';

const stage = setStage();
let host: ApiHost;
beforeAll(async () => {
  host = await ApiHost.start(stage.world);
});
afterAll(() => host.stop());

/** What goes wrong on the way. */
const WAYS: readonly (readonly [name: string, fault: Fault])[] = [
  ['the call is lost', { kind: 'lost-before' }],
  ['the answer is lost', { kind: 'lost-after', errMsg: '' }],
  ['it times out, and was done', { kind: 'lost-after', errMsg: 'timeout' }],
  ['nothing answers, and it was done', { kind: 'hangs', isDone: true }],
  ['a limiter refuses', { kind: 'answer', status: 429, header: { 'Retry-After': '1' } }],
  ['a proxy refuses', { kind: 'answer', status: 503, body: '<html>', header: { 'retry-after': '2' } }],
  ['a gateway fails, and it was done', { kind: 'answer', status: 502, body: '<html>', isDone: true }],
  ['a gateway gives up, and it was done', { kind: 'answer', status: 504, isDone: true }],
  ['a proxy answers 503 without a word', { kind: 'answer', status: 503, isDone: true }],
  ['a portal shows its page', { kind: 'answer', status: 200, body: '<html>' }],
];

/** The call that is hit, the time that has passed since the login, and what the app does. */
const CALLS = [
  ['the first login', LOGIN, null],
  ['a refresh', REFRESH, 16 * 60],
  ['a GET of the service', `GET ${ME}`, 0],
  ['a logout', LOGOUT, 0],
  ['an order at a server of the operator', 'POST /orders', 0],
] as const;

const SCRIPTS = CALLS.flatMap(([what, call, age]) =>
  WAYS.map(([way, fault]) => ({ title: `${what}: ${way}`, call, age, fault })),
);

describe('of fifty scripts of a bad network, none', () => {
  test('is missing', () => expect(new Set(SCRIPTS.map(({ title }) => title)).size).toBe(50));

  test.each(SCRIPTS)(
    'makes the app lose or repeat anything — $title',
    async ({ title, call, age, fault }) => {
      const { phone } = stage;
      if (age !== null) {
        await stage.auth.login();
        await stage.world.pass(age);
      }
      phone.faults.plan(call, fault);
      const order = () =>
        stage.auth.request({
          url: `${host.url}/orders`,
          method: 'POST',
          data: { order: title },
          timeout: 10_000,
        });
      const act = () => {
        if (call === LOGOUT) return stage.auth.logout();
        if (call === 'POST /orders') return order();
        return Promise.all([
          stage.auth.getUser(),
          stage.auth.getUser(),
          stage.auth.request({ url: ME, timeout: 10_000 }),
        ]);
      };
      const outcome = await act().catch((error: unknown) => error as { code: string; retryable: boolean });

      // The ledger: who was logged in, what was done, how often it was asked for.
      const sessions = await stage.liveSessions();
      const { login } = stage.logins();
      const lostLogins = call === LOGIN && phone.network.sent.some(({ status }) => status === 200) ? 1 : 0;
      expect(login).toBeLessThanOrEqual(call === LOGIN ? 2 : 1);
      expect((await stage.users()).length).toBeLessThanOrEqual(1);
      expect(phone.network.sent.length).toBeLessThanOrEqual(12);
      expect(phone.time.waits.every((wait) => wait <= 20_000)).toBe(true);
      if (call === LOGOUT) {
        expect(sessions).toBe(fault.kind === 'answer' && fault.status === 200 ? 1 : 0);
        expect(stage.auth.status).toBe('logged-out');
        return;
      }
      expect(sessions).toBeLessThanOrEqual(1 + lostLogins);
      if (call === 'POST /orders') {
        expect(host.orders.get(title) ?? 0).toBeLessThanOrEqual(1);
        expect(phone.network.callsOf(call)).toBeLessThanOrEqual(2);
      }
      // Whatever has happened, the next need is met without another login of a person who has one.
      phone.faults.clear();
      await stage.auth.getUser();
      expect(stage.auth.status).toBe('logged-in');
      expect(stage.logins().login).toBeLessThanOrEqual(call === LOGIN ? 2 : 1);
      if (outcome && 'code' in outcome) expect(outcome.retryable).toBe(true);
    },
  );
});
