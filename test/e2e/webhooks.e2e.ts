import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { EventPruning } from '../../src/events/event-pruning.js';
import { WebhookWorker } from '../../src/events/webhook-worker.js';
import { SessionPruning } from '../../src/session/session-pruning.js';
import { INSTANCES } from '../harness/backend.js';
import { call, type Reply } from '../harness/http.js';
import { MovableClock } from '../harness/movable-clock.js';
import { type Service, startService } from '../harness/service.js';
import { processInPlaceOf, startProcess, untilReady } from '../harness/service-process.js';
import { type Received, WebhookReceiver } from '../harness/webhook-receiver.js';
import {
  MINI_PROGRAM,
  type Person,
  type Problem,
  SHOP,
  type TokenReply,
  WEBSITE,
  World,
} from '../harness/world.js';

const freshSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const SECRET = freshSecret();
const ADMIN = 'adminKeyOfTheNightShift';
const KEYS = { ADMIN_API_KEYS: `night-shift:${ADMIN}`, SERVICE_API_KEYS: 'shop:serviceKeyOfTheShop' };
const PUSH_TOKEN = 'tokenOfThePush0123456789';
const DAY = 86_400;
const HOUR = 3_600;

/** Delivers, postpones or gives up everything that is due, on all instances. */
async function settle(...services: readonly Service[]): Promise<void> {
  await Promise.all(services.map(({ app }) => app.get(WebhookWorker, { strict: false }).runDue()));
}

function rename(url: string, { accessToken }: TokenReply, nickname: string): Promise<Reply<Problem>> {
  return call<Problem>(`${url}/v1/users/me`, { method: 'PATCH', token: accessToken, json: { nickname } });
}

/** Everything that stands in the header of a user's event, for a look into the table. */
async function eventsOf(world: World, userId: string, type: string): Promise<Record<string, unknown>[]> {
  return world.backend.rows(
    `SELECT id, type, details, actor, delivered_at, outbox_at FROM events
     WHERE user_id = '${userId}' AND type = '${type}' ORDER BY id`,
  );
}

describe(`webhooks of ${INSTANCES} instance(s) to two receivers`, () => {
  let world: World;
  let shop: WebhookReceiver;
  let stock: WebhookReceiver;
  const clock = new MovableClock();
  /** Values that must not appear in any webhook. */
  const secrets = new Set<string>();

  beforeAll(async () => {
    shop = await WebhookReceiver.listen(SECRET, clock);
    stock = await WebhookReceiver.listen(SECRET, clock);
    world = await World.start(
      {
        ...KEYS,
        WEBHOOK_URLS: `${shop.url},${stock.url}`,
        // The receivers know the second one: a rotation is under way.
        WEBHOOK_SECRET: `${freshSecret()},${SECRET}`,
        WECHAT_PUSH_TOKEN: PUSH_TOKEN,
      },
      INSTANCES,
      {},
      clock,
    );
    await world.control('settings', { sessionKeyMinIntervalSeconds: 0 });
  });
  afterAll(async () => {
    await world.stop();
    await Promise.all([shop.close(), stock.close()]);
  });
  afterEach(() => {
    for (const receiver of [shop, stock]) receiver.answers(204);
  });

  const settled = (): Promise<void> => settle(...world.services);
  /** Deliveries about a user that are still to be made. */
  const waiting = (userId: string): Promise<number> =>
    world.count(`webhook_deliveries d JOIN events e ON e.id = d.event_id
      WHERE e.user_id = '${userId}' AND d.given_up_at IS NULL`);

  async function somebody(
    traits: Readonly<Record<string, unknown>> = {},
  ): Promise<TokenReply & { person: Person }> {
    const person = await world.person(traits);
    for (const secret of [person.nickname, person.unionId, ...Object.values(person.openIds)]) {
      if (secret !== null) secrets.add(secret);
    }
    const tokens = await world.miniProgramLogin(person);
    secrets.add(tokens.accessToken).add(tokens.refreshToken);
    return { ...tokens, person };
  }

  /** The one webhook of a type about a user: both receivers must have had it, once. */
  async function theOne(userId: string, type: string): Promise<Received> {
    await settled();
    const both = [shop, stock].map((receiver) => receiver.about(userId, type));
    expect(both.map((received) => received.length)).toEqual([1, 1]);
    const [first, second] = both.flat();
    if (!first || !second) throw new Error('unreachable');
    expect({ id: second.id, body: second.body }).toEqual({ id: first.id, body: first.body });
    return first;
  }

  const resend = (id: unknown, key = ADMIN): Promise<Reply<Problem>> =>
    call<Problem>(`${world.url}/v1/admin/events/${String(id)}/resend`, {
      method: 'POST',
      headers: { 'x-api-key': key },
    });

  test('a new person: user.created, signed as the library of receivers checks it', async () => {
    const { user } = await somebody();
    const { id, type, timestamp, data, headers, body } = await theOne(user.id, 'user.created');
    expect(type).toBe('user.created');
    expect(data).toEqual({ userId: user.id, appId: MINI_PROGRAM, appKind: 'mini_program' });
    const [event] = await eventsOf(world, user.id, 'user.created');
    expect(id).toBe(event?.id);
    expect(Math.abs(Date.parse(timestamp) - world.clock.now())).toBeLessThan(60_000);
    expect(new Webhook(SECRET).verify(body, headers)).toEqual({ type, timestamp, data });
    expect(() => new Webhook(SECRET).verify(`${body} `, headers)).toThrow();
    expect(() => new Webhook(freshSecret()).verify(body, headers)).toThrow();
    expect(headers['content-type']).toBe('application/json');
    expect(event?.delivered_at).not.toBeNull();
  });

  test('a nickname that was changed: user.updated, with what changed and not into what', async () => {
    const tokens = await somebody();
    secrets.add('小红 🌸');
    expect((await rename(world.url, tokens, '小红 🌸')).status).toBe(200);
    const { data } = await theOne(tokens.user.id, 'user.updated');
    expect(data).toEqual({ userId: tokens.user.id, changed: ['nickname'] });
  });

  test('the website by the same unionid: identity.linked', async () => {
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    expect((await world.websiteLogin(person)).user.id).toBe(user.id);
    const { data } = await theOne(user.id, 'identity.linked');
    expect(data).toEqual({
      userId: user.id,
      appId: WEBSITE,
      appKind: 'website',
      identityId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('a second WeChat account, linked and unlinked again: identity.linked, identity.unlinked', async () => {
    const { user, accessToken, person } = await somebody({ withUnionId: false });
    const other = await world.person({ withUnionId: false });
    const linked = await call<{ id: string }>(`${world.url}/v1/users/me/identities/mini-program`, {
      token: accessToken,
      json: { code: await world.wxLogin(other), proof: await world.miniProgramProof(person) },
    });
    expect(linked.status).toBe(201);
    const gone = await call(`${world.url}/v1/users/me/identities/${linked.body.id}`, {
      method: 'DELETE',
      token: accessToken,
    });
    expect(gone.status).toBe(204);
    expect((await theOne(user.id, 'identity.linked')).data).toMatchObject({ appId: MINI_PROGRAM });
    expect((await theOne(user.id, 'identity.unlinked')).data).toEqual({
      userId: user.id,
      appId: MINI_PROGRAM,
      identityId: linked.body.id,
    });
  });

  test('a unionid that arrives late: user.merged', async () => {
    const person = await world.person({ withUnionId: false });
    const older = await world.miniProgramLogin(person);
    world.clock.advance(1);
    const younger = await world.websiteLogin(person);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.miniProgramLogin(person);
    await world.websiteLogin(person);
    expect((await theOne(older.user.id, 'user.merged')).data).toEqual({
      userId: older.user.id,
      mergedUserId: younger.user.id,
    });
  });

  test('a person who deletes the account: user.deleted', async () => {
    const { user, accessToken } = await somebody();
    await call(`${world.url}/v1/users/me`, { method: 'DELETE', token: accessToken });
    expect((await theOne(user.id, 'user.deleted')).data).toEqual({ userId: user.id, mergedUserIds: [] });
  });

  test('what WeChat has changed: user.updated for what was cleared, identity.unlinked for a closed account', async () => {
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    await world.websiteLogin(person);
    const push = (event: string) =>
      world.control('push', {
        appId: MINI_PROGRAM,
        token: PUSH_TOKEN,
        person: person.id,
        event,
      });
    await push('user_info_modified');
    expect((await theOne(user.id, 'user.updated')).data).toMatchObject({
      changed: expect.arrayContaining(['nickname']) as unknown,
    });
    // Nothing was cleared, so no receiver is notified.
    world.clock.advance(1);
    await push('user_info_modified');
    expect(await eventsOf(world, user.id, 'wechat.user_info_modified')).toHaveLength(2);
    await theOne(user.id, 'user.updated');
    await push('user_authorization_cancellation');
    expect((await theOne(user.id, 'identity.unlinked')).data).toMatchObject({ appId: MINI_PROGRAM });
  });

  test('logins and refusals go nowhere, and wait for nothing', async () => {
    const person = await world.person();
    const { user } = await world.miniProgramLogin(person);
    await settled();
    const before = shop.about(user.id).length;
    await world.miniProgramLogin(person);
    await settled();
    expect(shop.about(user.id)).toHaveLength(before);
    const logins = await eventsOf(world, user.id, 'login.succeeded');
    expect(logins).toHaveLength(2);
    expect(logins.filter((login) => login.outbox_at !== null)).toEqual([]);
    expect(await waiting(user.id)).toBe(0);
  });

  test('a receiver that fails gets it again later, with the same id; the other gets it once', async () => {
    const tokens = await somebody();
    await settled();
    shop.answers(500);
    await rename(world.url, tokens, 'first');
    await settled();
    expect(shop.about(tokens.user.id, 'user.updated')).toHaveLength(1);
    expect(await eventsOf(world, tokens.user.id, 'user.updated')).toMatchObject([{ delivered_at: null }]);
    world.clock.advance(5);
    await settled();
    expect(shop.about(tokens.user.id, 'user.updated')).toHaveLength(2);
    shop.answers(204);
    world.clock.advance(15);
    await settled();
    expect(shop.about(tokens.user.id, 'user.updated')).toHaveLength(2);
    world.clock.advance(15);
    await settled();
    const repeats = shop.about(tokens.user.id, 'user.updated');
    expect(repeats).toHaveLength(3);
    expect(repeats[1]).toMatchObject({ id: repeats[0]?.id, body: repeats[0]?.body });
    expect(repeats[1]?.headers['webhook-timestamp']).not.toBe(repeats[0]?.headers['webhook-timestamp']);
    expect(stock.about(tokens.user.id, 'user.updated')).toHaveLength(1);
    const [event] = await eventsOf(world, tokens.user.id, 'user.updated');
    expect(event?.delivered_at).not.toBeNull();
  });

  test('a receiver that never answers delays no other, times out after 10 s and is tried again', async () => {
    const tokens = await somebody();
    await settled();
    shop.answers('nothing');
    // More than go to one receiver at once.
    const nicknames = Array.from({ length: 10 }, (_, index) => `nickname ${index}`);
    const asked = shop.arrival();
    for (const nickname of nicknames) await rename(world.url, tokens, nickname);
    await asked;
    while (stock.about(tokens.user.id, 'user.updated').length < nicknames.length) await stock.arrival();
    const unanswered = shop.about(tokens.user.id, 'user.updated').length;
    expect(unanswered).toBeGreaterThan(0);
    expect(unanswered).toBeLessThanOrEqual(4 * INSTANCES);
    // The others are answered, or each would take its 10 s.
    shop.answers(204);
    await settled();
    expect(shop.about(tokens.user.id, 'user.updated')).toHaveLength(nicknames.length);
    world.clock.advance(5);
    await settled();
    expect(await waiting(tokens.user.id)).toBe(0);
    const repeated = shop.about(tokens.user.id, 'user.updated').map(({ id }) => id);
    expect(repeated).toHaveLength(nicknames.length + unanswered);
    expect(new Set(repeated).size).toBe(nicknames.length);
    expect(stock.about(tokens.user.id, 'user.updated')).toHaveLength(nicknames.length);
  });

  test('redirects are failures and are not followed', async () => {
    const tokens = await somebody();
    await settled();
    shop.answers(302);
    await rename(world.url, tokens, 'elsewhere');
    await settled();
    expect(shop.forged).toEqual([]);
    expect(await eventsOf(world, tokens.user.id, 'user.updated')).toMatchObject([{ delivered_at: null }]);
    shop.answers(204);
    world.clock.advance(5);
    await settled();
    expect(shop.about(tokens.user.id, 'user.updated')).toHaveLength(2);
  });

  test('410: given up for this event, which is recorded; the next one goes out', async () => {
    const tokens = await somebody();
    await settled();
    shop.answers(410);
    await rename(world.url, tokens, 'gone');
    await settled();
    shop.answers(204);
    world.clock.advance(4 * DAY);
    await settled();
    expect(shop.about(tokens.user.id, 'user.updated')).toHaveLength(1);
    expect(await eventsOf(world, tokens.user.id, 'user.updated')).toMatchObject([{ delivered_at: null }]);
    const [recorded] = await eventsOf(world, tokens.user.id, 'webhook.given_up');
    expect(JSON.parse(String(recorded?.details))).toEqual({
      eventId: shop.about(tokens.user.id, 'user.updated')[0]?.id,
      receiver: new URL(shop.url).origin,
      attempts: 1,
      reason: 'status 410',
    });
    const { user } = await somebody();
    await theOne(user.id, 'user.created');
  });

  test('eleven tries in three days, then it is given up; an operator sends it again', async () => {
    const tokens = await somebody();
    await settled();
    const { user } = tokens;
    shop.answers(503);
    await rename(world.url, tokens, 'patience');
    const delays = [5, 30, 120, 600, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, DAY];
    for (const [index, delay] of delays.entries()) {
      await settled();
      expect(shop.about(user.id, 'user.updated')).toHaveLength(index + 1);
      expect(await eventsOf(world, user.id, 'webhook.given_up')).toHaveLength(0);
      world.clock.advance(delay);
    }
    await settled();
    world.clock.advance(30 * DAY);
    await settled();
    expect(shop.about(user.id, 'user.updated')).toHaveLength(11);
    expect(await eventsOf(world, user.id, 'webhook.given_up')).toHaveLength(1);
    shop.answers(204);
    const [event] = await eventsOf(world, user.id, 'user.updated');
    expect((await resend(event?.id)).status).toBe(202);
    await settled();
    expect(shop.about(user.id, 'user.updated')).toHaveLength(12);
    expect(stock.about(user.id, 'user.updated')).toHaveLength(2);
    const all = [shop, stock].flatMap((receiver) => receiver.about(user.id, 'user.updated'));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    const [recorded] = await eventsOf(world, user.id, 'webhook.resent');
    expect(recorded).toMatchObject({ actor: 'admin:night-shift' });
    expect(JSON.parse(String(recorded?.details))).toEqual({ eventId: event?.id });
    const [delivered] = await eventsOf(world, user.id, 'user.updated');
    expect(delivered?.delivered_at).not.toBeNull();
  });

  test('an event sent again while it is still on its way begins anew', async () => {
    const tokens = await somebody();
    await settled();
    shop.answers(500);
    await rename(world.url, tokens, 'again');
    await settled();
    shop.answers(204);
    const [event] = await eventsOf(world, tokens.user.id, 'user.updated');
    expect((await resend(event?.id)).status).toBe(202);
    await settled();
    expect(shop.about(tokens.user.id, 'user.updated')).toHaveLength(2);
    expect(await waiting(tokens.user.id)).toBe(0);
  });

  test('only an admin key sends again, and only what goes out at all', async () => {
    const { user } = await somebody();
    const [login] = await eventsOf(world, user.id, 'login.succeeded');
    const [created] = await eventsOf(world, user.id, 'user.created');
    const gist = async (reply: Promise<Reply<Problem>>) => (await reply).body.code;
    expect(await gist(resend(login?.id))).toBe('NOT_FOUND');
    for (const unknown of ['0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e53', '%E2%98%83', '..%2Fusers']) {
      expect(await gist(resend(unknown))).toBe('NOT_FOUND');
    }
    expect(await gist(resend(created?.id, 'no such key'))).toBe('API_KEY_INVALID');
    expect(await gist(resend(created?.id, 'serviceKeyOfTheShop'))).toBe('FORBIDDEN');
    expect(await eventsOf(world, user.id, 'webhook.resent')).toEqual([]);
    expect((await resend(created?.id)).status).toBe(202);
  });

  test('what was rolled back is not told', async () => {
    const { person, tokens } = await withPhone('13655550001');
    const other = await withPhone('13655550002');
    await settled();
    const before = stock.received.length;
    // What another test has caused may be sent again at any time.
    const told = () =>
      stock.received
        .slice(before)
        .map(({ type, data }) => [type, data.userId])
        .filter(([, userId]) => userId === tokens.user.id || userId === other.tokens.user.id);
    const taken = await setPhone(other.person, other.tokens, '13655550001');
    expect(taken.body.code).toBe('PHONE_NUMBER_TAKEN');
    await settled();
    expect(told()).toEqual([]);
    expect((await setPhone(person, tokens, '13655550003')).status).toBe(200);
    await settled();
    expect(told()).toEqual([['user.updated', tokens.user.id]]);
  });

  async function setPhone(person: { id: string }, { accessToken }: TokenReply, phoneNumber: string) {
    secrets.add(phoneNumber);
    const { code } = await world.control<{ code: string }>('phone-code', {
      person: person.id,
      appId: MINI_PROGRAM,
      phoneNumber,
    });
    return call<Problem>(`${world.url}/v1/mini-program/phone-number`, { token: accessToken, json: { code } });
  }

  async function withPhone(phoneNumber: string) {
    const person = await world.person();
    const tokens = await world.miniProgramLogin(person);
    expect((await setPhone(person, tokens, phoneNumber)).status).toBe(200);
    return { person, tokens };
  }

  test('a pending webhook of a deleted user identifies the user and contains nothing else', async () => {
    const tokens = await somebody();
    await settled();
    shop.answers(500);
    await rename(world.url, tokens, 'leaving');
    await settled();
    await call(`${world.url}/v1/users/me`, { method: 'DELETE', token: tokens.accessToken });
    shop.answers(204);
    world.clock.advance(5);
    await settled();
    const [, late] = shop.about(tokens.user.id, 'user.updated');
    expect(late?.data).toEqual({ userId: tokens.user.id });
    expect(shop.about(tokens.user.id, 'user.deleted')).toHaveLength(1);
  });

  test('many at once arrive once each at each receiver', async () => {
    const people = await Promise.all(Array.from({ length: 12 }, () => somebody()));
    await Promise.all(
      people.map((tokens, index) => rename(world.service(index % INSTANCES).url, tokens, 'at once')),
    );
    for (const { user } of people) {
      await theOne(user.id, 'user.created');
      await theOne(user.id, 'user.updated');
    }
  });

  test('none of them contains secrets or personal data', () => {
    const all = [...shop.received, ...stock.received];
    expect(all.length).toBeGreaterThan(50);
    expect(secrets.size).toBeGreaterThan(30);
    const text = all.map(({ body }) => body).join('\n');
    expect([...secrets].filter((secret) => text.includes(secret))).toEqual([]);
    expect([...shop.forged, ...stock.forged]).toEqual([]);
  });
});

describe('webhooks of a service that stops', () => {
  /** Runs the sandbox and the database; it sends no webhooks itself. */
  let world: World;
  let receiver: WebhookReceiver;
  let environment: Record<string, string>;

  beforeAll(async () => {
    world = await World.start();
    receiver = await WebhookReceiver.listen(SECRET, world.clock);
    environment = {
      ...world.backend.environment,
      ...KEYS,
      WECHAT_API_URL: world.sandbox.url,
      WECHAT_OPEN_URL: world.sandbox.url,
      RETURN_URLS: SHOP,
      WEBHOOK_URLS: receiver.url,
      WEBHOOK_SECRET: SECRET,
    };
  });
  afterAll(async () => {
    await world.stop();
    await receiver.close();
  });
  afterEach(() => receiver.answers(204));

  const start = (extra: Record<string, string> = {}): Promise<Service> =>
    startService({ ...environment, ...extra }, world.clock);

  test('and is started again: what was not delivered before is delivered then', async () => {
    const before = await start();
    receiver.answers(500);
    const { user } = await world.miniProgramLogin(await world.person(), before.url);
    await settle(before);
    await before.stop();
    expect(receiver.about(user.id)).toHaveLength(1);
    receiver.answers(204);
    world.clock.advance(5);
    const after = await start();
    await settle(after);
    expect(receiver.about(user.id).map(({ id }) => id)).toEqual(
      Array(2).fill(receiver.about(user.id)[0]?.id),
    );
    await after.stop();
  });

  test('while a delivery is under way: it is waited for, and not sent again', async () => {
    const service = await start();
    receiver.answers('nothing');
    const asked = receiver.arrival();
    const { user } = await world.miniProgramLogin(await world.person(), service.url);
    await asked;
    const stopped = service.stop();
    receiver.release();
    await stopped;
    expect((await eventsOf(world, user.id, 'user.created'))[0]?.delivered_at).not.toBeNull();
    receiver.answers(204);
    const after = await start();
    world.clock.advance(DAY);
    await settle(after);
    expect(receiver.about(user.id)).toHaveLength(1);
    await after.stop();
  });

  test('while a receiver does not answer: it is broken off within seconds, and the next start sends it', async () => {
    const service = await start();
    receiver.answers('nothing');
    const asked = receiver.arrival();
    const { user } = await world.miniProgramLogin(await world.person(), service.url);
    await asked;
    const stoppingAt = performance.now();
    await service.stop();
    expect(performance.now() - stoppingAt).toBeLessThan(6_000);
    receiver.answers(204);
    const after = await start();
    await settle(after);
    expect(receiver.about(user.id)).toHaveLength(2);
    const rows = await world.backend.rows('SELECT * FROM webhook_deliveries');
    expect(rows).toEqual([]);
    await after.stop();
  });

  test('credentials in the URL are sent as Basic authorization, and appear in no log', async () => {
    const url = new URL(receiver.url);
    url.username = 'shop';
    url.password = 'h%C3%BCsh';
    const service = await start({ WEBHOOK_URLS: url.href });
    receiver.answers(500);
    const { user } = await world.miniProgramLogin(await world.person(), service.url);
    await settle(service);
    const [first] = receiver.about(user.id);
    expect(first?.headers.authorization).toBe(`Basic ${Buffer.from('shop:hüsh').toString('base64')}`);
    expect(service.log()).toContain('not delivered yet: status 500');
    for (const secret of ['h%C3%BCsh', 'hüsh', first?.headers.authorization ?? '', SECRET]) {
      expect(service.log()).not.toContain(secret);
    }
    await service.stop();
  });
});

describe('a delivery that takes longer than its lease', () => {
  let world: World;
  let receiver: WebhookReceiver;
  const clock = new MovableClock();
  beforeAll(async () => {
    receiver = await WebhookReceiver.listen(SECRET, clock);
    const environment = { WEBHOOK_URLS: receiver.url, WEBHOOK_SECRET: SECRET };
    world = await World.start(environment, INSTANCES, {}, clock);
  });
  afterAll(async () => {
    await world.stop();
    await receiver.close();
  });

  test('a success does not finish an item that was claimed again meanwhile', async () => {
    receiver.answers('nothing');
    const asked = receiver.arrival();
    const { user } = await world.miniProgramLogin(await world.person());
    await asked;
    // The lease ends: the next claim is a second delivery beside the first.
    const again = receiver.arrival();
    clock.advance(61);
    const settling = settle(...world.services);
    await again;
    const deliveries = () =>
      world.backend.rows(`SELECT d.attempts FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
        WHERE e.user_id = '${user.id}' AND d.given_up_at IS NULL`);
    expect(await deliveries()).toMatchObject([{ attempts: 2 }]);
    receiver.release(204, 1);
    receiver.release(500);
    await settling;
    // Both results are written: that of the first has changed nothing.
    expect(await deliveries()).toMatchObject([{ attempts: 2 }]);
    expect(await eventsOf(world, user.id, 'user.created')).toMatchObject([{ delivered_at: null }]);
    receiver.answers(204);
    clock.advance(31);
    await settle(...world.services);
    expect(receiver.about(user.id)).toHaveLength(3);
    expect(await deliveries()).toEqual([]);
    expect((await eventsOf(world, user.id, 'user.created'))[0]?.delivered_at).not.toBeNull();
  });
});

describe('webhooks of a process that is killed', () => {
  let world: World;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    world = await World.start();
    receiver = await WebhookReceiver.listen(SECRET, world.clock);
  });
  afterAll(async () => {
    await world.stop();
    await receiver.close();
  });

  test('in the middle of a delivery come again when the lease is over, with the same id', async () => {
    const { url, environment } = await processInPlaceOf(world, {
      WEBHOOK_URLS: receiver.url,
      WEBHOOK_SECRET: SECRET,
    });
    const { child, ended } = startProcess(environment);
    await untilReady(url);
    receiver.answers('nothing');
    const asked = receiver.arrival();
    const { user } = await world.miniProgramLogin(await world.person(), url);
    await asked;
    child.kill('SIGKILL');
    await ended;
    expect(await eventsOf(world, user.id, 'user.created')).toMatchObject([{ delivered_at: null }]);
    receiver.answers(204);
    const after = await startService(environment, world.clock);
    await settle(after);
    expect(receiver.about(user.id)).toHaveLength(1);
    world.clock.advance(61);
    await settle(after);
    const [first, second, ...more] = receiver.about(user.id);
    expect(second?.id).toBe(first?.id);
    expect(more).toEqual([]);
    expect((await eventsOf(world, user.id, 'user.created'))[0]?.delivered_at).not.toBeNull();
    await after.stop();
  });
});

describe(`what is over, pruned by ${INSTANCES} instance(s)`, () => {
  let world: World;
  let receiver: WebhookReceiver;
  const clock = new MovableClock();
  beforeAll(async () => {
    receiver = await WebhookReceiver.listen(SECRET, clock);
    const environment = { WEBHOOK_URLS: receiver.url, WEBHOOK_SECRET: SECRET, EVENT_RETENTION: '10d' };
    world = await World.start(environment, INSTANCES, {}, clock);
  });
  afterAll(async () => {
    await world.stop();
    await receiver.close();
  });

  const prune = (pruning: typeof EventPruning | typeof SessionPruning): Promise<boolean[]> =>
    Promise.all(world.services.map(({ app }) => app.get(pruning, { strict: false }).runDue()));
  /** The results of several instances of which one did the work. */
  const byOne = [true, ...Array<boolean>(INSTANCES - 1).fill(false)];

  /** Many rows at once, older than anything. @param row the values of the n-th */
  async function insert(into: string, count: number, row: (n: number) => string): Promise<void> {
    await world.backend.write(
      `INSERT INTO ${into} VALUES ${Array.from({ length: count }, (_, n) => `(${row(n)})`).join(', ')}`,
    );
  }
  const idOf = (n: number): string => `'00000000-0000-7000-8000-${String(n).padStart(12, '0')}'`;
  const LONG_AGO = "'2020-01-01 00:00:00.000'";

  test('events go after EVENT_RETENTION, those that are not delivered yet stay', async () => {
    const tokens = await world.miniProgramLogin(await world.person());
    await settle(...world.services);
    receiver.answers(500);
    await rename(world.url, tokens, 'not delivered yet');
    await settle(...world.services);
    await insert(
      'events (id, type, actor, details, created_at)',
      2_500,
      (n) => `${idOf(n)}, 'login.succeeded', 'user', '{}', ${LONG_AGO}`,
    );
    const before = await world.count('events');
    expect(before).toBeGreaterThan(2_502);
    await world.pass(9 * DAY);
    expect((await prune(EventPruning)).sort().reverse()).toEqual(byOne);
    expect(await world.count('events')).toBe(before - 2_500);
    await world.pass(2 * DAY);
    const { user } = await world.miniProgramLogin(await world.person());
    await settle(...world.services);
    expect((await prune(EventPruning)).sort().reverse()).toEqual(byOne);
    expect(
      await world.backend.rows(`SELECT type FROM events WHERE user_id <> '${user.id}' ORDER BY id`),
    ).toEqual([{ type: 'user.updated' }]);
    expect(await world.count(`events WHERE user_id = '${user.id}'`)).toBe(2);
    receiver.answers(204);
    await world.pass(3 * DAY);
    await settle(...world.services);
    expect(receiver.about(tokens.user.id, 'user.updated').length).toBeGreaterThan(1);
    expect((await prune(EventPruning)).filter((done) => done)).toHaveLength(1);
    expect(await world.count(`events WHERE user_id = '${tokens.user.id}'`)).toBe(0);
    // No instance repeats it within the hour.
    expect((await prune(EventPruning)).filter((done) => done)).toHaveLength(0);
  });

  test('an event that is still in the outbox stays, however old it is', async () => {
    const columns = 'events (id, type, actor, details, created_at, outbox_at)';
    // Still marked: no instance has created its deliveries yet.
    const later = "'9999-12-31 00:00:00.000'";
    await insert(
      columns,
      1,
      (n) => `${idOf(9_000 + n)}, 'user.updated', 'user', '{}', ${LONG_AGO}, ${later}`,
    );
    await insert(columns, 1, (n) => `${idOf(9_100 + n)}, 'user.updated', 'user', '{}', ${LONG_AGO}, NULL`);
    await world.pass(2 * HOUR);
    expect(await prune(EventPruning)).toContain(true);
    expect(await world.backend.rows(`SELECT id FROM events WHERE created_at = ${LONG_AGO}`)).toEqual([
      { id: idOf(9_000).slice(1, -1) },
    ]);
    await world.backend.write(`DELETE FROM events WHERE id = ${idOf(9_000)}`);
  });

  test('deliveries to a URL that is not configured any more go after four days, and hold up nothing', async () => {
    const { user } = await world.miniProgramLogin(await world.person());
    await settle(...world.services);
    const [event] = await eventsOf(world, user.id, 'user.created');
    const at = new Date(world.clock.now()).toISOString().replace('T', ' ').slice(0, 23);
    await insert(
      'webhook_deliveries (event_id, receiver, attempts, next_at, created_at)',
      1,
      () => `'${String(event?.id)}', '${'x'.repeat(43)}', 0, '${at}', '${at}'`,
    );
    for (const [days, left] of [
      [3, 1],
      [2, 0],
    ] as const) {
      await world.pass(days * DAY);
      expect(await prune(EventPruning)).toContain(true);
      expect(await world.count('webhook_deliveries')).toBe(left);
    }
  });

  test('sessions go 30 days after they ended, revoked or unused; those in use stay', async () => {
    const person = await world.person();
    const [used, unused, revoked] = [
      await world.miniProgramLogin(person),
      await world.miniProgramLogin(person),
      await world.miniProgramLogin(person),
    ];
    const [identity] = await world.backend.rows(`SELECT identity_id FROM sessions ORDER BY id DESC LIMIT 1`);
    const identityId = String(identity?.identity_id);
    await insert(
      'sessions (id, identity_id, generation, created_at, last_used_at, expires_at)',
      2_500,
      (n) => `${idOf(n)}, '${identityId}', 1, ${LONG_AGO}, ${LONG_AGO}, ${LONG_AGO}`,
    );
    await call(`${world.url}/v1/auth/logout`, { json: { refreshToken: revoked.refreshToken } });
    const left = () => world.count(`sessions WHERE identity_id = '${identityId}'`);
    let { refreshToken } = used;
    const refreshed = async (): Promise<void> => {
      const reply = await world.refresh(refreshToken);
      expect(reply.status).toBe(200);
      ({ refreshToken } = reply.body);
    };
    for (const sessions of [3, 2, 2, 1]) {
      await world.pass(16 * DAY);
      await refreshed();
      expect((await prune(SessionPruning)).sort().reverse()).toEqual(byOne);
      expect(await left()).toBe(sessions);
    }
    expect((await world.refresh(unused.refreshToken)).body.code).toBe('SESSION_ENDED');
    await refreshed();
  });

  test('an event that was not handed over yet stays, however old it is, and goes out in the end', async () => {
    // As if all instances ended between the commit of an event and the creation of its deliveries.
    for (const { app } of world.services) {
      await app.get(WebhookWorker, { strict: false }).beforeApplicationShutdown();
    }
    const { user } = await world.miniProgramLogin(await world.person());
    const left = () => world.count(`events WHERE user_id = '${user.id}'`);
    expect(await world.count('events WHERE outbox_at IS NOT NULL')).toBe(1);
    expect(await left()).toBe(2);
    await world.pass(30 * DAY);
    expect(await prune(EventPruning)).toContain(true);
    // That of the login went.
    expect(await left()).toBe(1);
    const environment = { WEBHOOK_URLS: receiver.url, WEBHOOK_SECRET: SECRET, EVENT_RETENTION: '10d' };
    const after = await startService({ ...world.backend.environment, ...environment }, clock);
    await settle(after);
    expect(receiver.about(user.id, 'user.created')).toHaveLength(1);
    await world.pass(HOUR);
    expect(await prune(EventPruning)).toContain(true);
    expect(await left()).toBe(0);
    await after.stop();
  });
});
