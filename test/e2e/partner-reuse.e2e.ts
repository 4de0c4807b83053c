import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PartnerTokens } from '../../src/partner/tokens/partner-tokens.js';
import { INSTANCES } from '../harness/backend.js';
import { ADMIN_KEY, API_KEYS, callWithKey } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { type Person, World } from '../harness/world.js';

interface RecordedEvent {
  readonly userId: string;
  readonly actor: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const OFFLINE = { scope: 'openid offline_access', prompt: 'consent' };
const REFRESH = 'partner.refresh_token_reused';
const CODE = 'partner.code_reused';

describe(`a token of a partner app that is used again, on ${INSTANCES} instance(s)`, () => {
  let world: World;
  let partner: PartnerApp;
  beforeAll(async () => {
    world = await World.start(API_KEYS, INSTANCES);
    partner = await PartnerApp.register(world, { scopes: ['openid', 'offline_access'] });
  });
  afterAll(() => world.stop());

  /** What is recorded of a type about a person. */
  async function recorded(type: string, person: Person): Promise<RecordedEvent[]> {
    const { user } = await world.miniProgramLogin(person);
    const { body } = await callWithKey<{ items: RecordedEvent[] }>(
      `${world.url}/v1/admin/events?type=${type}&userId=${user.id}`,
      ADMIN_KEY,
    );
    return body.items;
  }

  /** The codes and refresh tokens of a partner. */
  const tokensOf = (app: PartnerApp) =>
    world.backend.rows(
      `SELECT t.grant_id FROM partner_tokens t JOIN partner_grants g ON g.id = t.grant_id
       WHERE g.partner_id = '${app.id}'`,
    );

  /** The event of a reuse: who and where, and nothing else. */
  async function eventOf(person: Person): Promise<object> {
    const { user } = await world.miniProgramLogin(person);
    return { userId: user.id, actor: 'system', details: { partnerId: partner.id } };
  }

  /** Sends a request six times at once, to each instance in turn. @returns the distinct answers */
  async function sixTimes(
    send: (url: string) => Promise<{ status: number; body: { error?: string } }>,
  ): Promise<Set<string>> {
    const urls = Array.from({ length: 6 }, (_, index) => world.service(index % INSTANCES).url);
    const replies = await Promise.all(urls.map(send));
    return new Set(replies.map(({ status, body }) => `${status} ${body.error ?? ''}`));
  }

  test('is recorded once for a refresh token, with the end of all tokens', async () => {
    const person = await world.person();
    const { refresh_token: first = '' } = await partner.logInFor(person, OFFLINE);
    const { body: second } = await partner.refresh(first);
    await world.pass(61);
    expect(await sixTimes((url) => partner.refresh(first, url))).toEqual(new Set(['400 invalid_grant']));
    expect(await recorded(REFRESH, person)).toEqual([expect.objectContaining(await eventOf(person))]);
    expect((await partner.userinfo(second.access_token)).status).toBe(401);
    for (const token of [first, second.refresh_token ?? '']) {
      expect((await partner.refresh(token)).body.error).toBe('invalid_grant');
    }
    expect(await recorded(REFRESH, person)).toHaveLength(1);
  });

  test('is recorded once for a code', async () => {
    const person = await world.person();
    const begun = partner.begin(OFFLINE);
    const location = await partner.authorize(person, begun);
    const { body: tokens } = await partner.exchange(location, begun);
    expect(await recorded(CODE, person)).toEqual([]);
    const answers = await sixTimes((url) => partner.exchange(location, begun, url));
    expect(answers).toEqual(new Set(['400 invalid_grant']));
    expect(await recorded(CODE, person)).toEqual([expect.objectContaining(await eventOf(person))]);
    expect((await partner.userinfo(tokens.access_token)).status).toBe(401);
    expect((await partner.refresh(tokens.refresh_token ?? '')).body.error).toBe('invalid_grant');
    expect(await recorded(REFRESH, person)).toEqual([]);
  });

  test('is recorded for the user into whom the person was merged', async () => {
    const person = await world.person({ withUnionId: false });
    const { refresh_token: first = '' } = await partner.logInFor(person, OFFLINE);
    const older = await world.person();
    await world.miniProgramLogin(older);
    await world.control(`people/${person.id}`, { unionId: older.unionId }, 'PATCH');
    await partner.logInFor(person, { scope: 'openid' });
    await partner.refresh(first);
    await world.pass(61);
    expect((await partner.refresh(first)).body.error).toBe('invalid_grant');
    expect(await recorded(REFRESH, older)).toEqual([expect.objectContaining(await eventOf(older))]);
  });

  test('gives no successor to an exchange that has begun before, or that ends at the same moment', async () => {
    const tokens = (instance = 0) => world.service(instance).app.get(PartnerTokens, { strict: false });
    const app = await PartnerApp.register(world, { scopes: ['openid', 'offline_access'] });
    for (let round = 0; round < 20; round++) {
      const { refresh_token: first = '' } = await app.logInFor(await world.person(), OFFLINE);
      const [row] = await tokensOf(app);
      const successor = {
        model: 'RefreshToken',
        token: tokens().successorOf(first),
        grantId: String(row?.grant_id),
        payload: '{}',
        expiresAt: world.clock.now() + 60_000,
        predecessor: first,
      } as const;
      expect(await tokens().consume('RefreshToken', first)).toBe(true);
      if (round === 0) expect(await tokens().insert(successor)).toBe(true);
      await Promise.all([
        tokens().insert(successor),
        tokens(INSTANCES - 1).endReused('RefreshToken', first),
        tokens(INSTANCES - 1).insert(successor),
      ]);
      expect(await tokens().insert(successor)).toBe(false);
      expect(await tokensOf(app)).toEqual([]);
    }
  });

  test('is not recorded where it is no reuse: a retry, another partner, an introspection', async () => {
    const person = await world.person();
    const { refresh_token: first = '' } = await partner.logInFor(person, OFFLINE);
    const { body: second } = await partner.refresh(first);
    expect((await partner.refresh(first)).body.refresh_token).toBe(second.refresh_token);
    await world.pass(61);
    const other = await PartnerApp.register(world);
    expect((await other.refresh(first)).body.error).toBe('invalid_grant');
    expect((await partner.form('introspect', { token: first })).body).toEqual({ active: false });
    expect((await partner.refresh(second.refresh_token ?? '')).status).toBe(200);
    expect(await recorded(REFRESH, person)).toEqual([]);
  });

  test('is not recorded where it revokes: the partner ends its own tokens', async () => {
    const person = await world.person();
    const { refresh_token: first = '' } = await partner.logInFor(person, OFFLINE);
    const { body: second } = await partner.refresh(first);
    await world.pass(61);
    expect((await partner.form('revoke', { token: first })).status).toBe(200);
    expect((await partner.refresh(second.refresh_token ?? '')).body.error).toBe('invalid_grant');
    expect(await recorded(REFRESH, person)).toEqual([]);
  });
});
