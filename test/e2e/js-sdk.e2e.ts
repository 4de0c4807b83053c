import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pageSignature } from '../../src/wechat/page-signature.js';
import { storeContents, tableContents } from '../harness/contents.js';
import { call, type Reply } from '../harness/http.js';
import { INSTANCES } from '../harness/backend.js';
import { ADMIN_KEY, API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { type Problem, SHOP, WEBSITE, World } from '../harness/world.js';

declare const backend: { redisUrl: string | null };

const GET_TICKET = '/cgi-bin/ticket/getticket';
const SECRET = '5a4db0c0de0000000000000000000003';
/** Apps of this run only: their tickets are in a Redis that other runs share. */
const freshAppId = () =>
  `wx${Math.floor(Math.random() * 1e16)
    .toString(16)
    .padStart(16, '0')}`;
const [ACCOUNT, SECOND, MINI] = [freshAppId(), freshAppId(), freshAppId()];
const PAGE = `${SHOP}/goods?id=7`;

interface Config extends Problem {
  readonly appId: string;
  readonly timestamp: number;
  readonly nonceStr: string;
  readonly signature: string;
}
interface Ticket extends Problem {
  readonly ticket: string;
  readonly expiresAt: string;
  readonly expiresIn: number;
}

/** Instances share tickets through Redis only. */
const instances = backend.redisUrl === null ? 1 : INSTANCES;

describe(`the JS-SDK of pages in WeChat, with ${instances} instance(s)`, () => {
  let world: World;
  const secrets = new Set<string>();
  beforeAll(async () => {
    const officialAccounts = [ACCOUNT, SECOND].map((appId) => ({ appId, secret: SECRET }));
    const miniPrograms = [{ appId: MINI, secret: SECRET }];
    world = await World.start(
      {
        ...API_KEYS,
        LOG_LEVEL: 'trace',
        RETURN_URLS: `${SHOP},http://mp.weixin.qq.com`,
        WECHAT_OFFICIAL_ACCOUNTS: officialAccounts.map(({ appId }) => `${appId}:${SECRET}`).join(),
        WECHAT_MINI_PROGRAMS: `${MINI}:${SECRET}`,
      },
      instances,
      { apps: { officialAccounts, miniPrograms } },
    );
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    // After everything that was issued, and every mark of a failure.
    await world.pass(8_000);
    await world.control('calls', undefined, 'DELETE');
  });
  afterEach(() => world.control('faults', undefined, 'DELETE'));

  const config = (query: Readonly<Record<string, string>>, index = 0): Promise<Reply<Config>> => {
    const search = new URLSearchParams(query).toString();
    return call<Config>(`${world.service(index % instances).url}/v1/wechat/js-sdk-config?${search}`);
  };
  const ticket = async (
    {
      appId = ACCOUNT,
      type = 'jsapi',
      key = SERVICE_KEY,
    }: { appId?: string; type?: string; key?: string | null } = {},
    index = 0,
  ): Promise<Reply<Ticket>> => {
    const path = `/v1/wechat/tickets/${appId}?type=${type}`;
    const reply = await callWithKey<Ticket>(world.service(index % instances).url + path, key);
    if (reply.status === 200) secrets.add(reply.body.ticket);
    return reply;
  };
  const fetches = () => world.callsOf(GET_TICKET);

  test('is configured by a signature that the ticket of the account makes, and by nothing secret', async () => {
    const reply = await config({ url: PAGE });
    expect(reply.status).toBe(200);
    const { appId, timestamp, nonceStr, signature, ...rest } = reply.body;
    expect([appId, rest]).toEqual([ACCOUNT, {}]);
    expect(Math.abs(timestamp - world.clock.now() / 1000)).toBeLessThan(60);
    const issued = (await ticket()).body.ticket;
    expect(signature).toBe(pageSignature(issued, nonceStr, timestamp, PAGE));
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect((await config({ url: PAGE })).body.nonceStr).not.toBe(nonceStr);
    expect(await fetches()).toBe(1);
  });

  test('signs the URL byte for byte, without its fragment', async () => {
    const issued = (await ticket()).body.ticket;
    for (const [url, signed] of [
      ['http://mp.weixin.qq.com?params=value', 'http://mp.weixin.qq.com?params=value'],
      [`${SHOP}/a?x=%E4%B8%AD+1&y=%2F#/route`, `${SHOP}/a?x=%E4%B8%AD+1&y=%2F`],
      [`${SHOP}/a?from=singlemessage&isappinstalled=0`, `${SHOP}/a?from=singlemessage&isappinstalled=0`],
    ] as const) {
      const { body } = await config({ url });
      expect(body.signature).toBe(pageSignature(issued, body.nonceStr, body.timestamp, signed));
    }
  });

  test('is given to another account by its appId, and to no other kind of app', async () => {
    const { body } = await config({ url: PAGE, appId: SECOND });
    const issued = (await ticket({ appId: SECOND })).body.ticket;
    expect(body.appId).toBe(SECOND);
    expect(body.signature).toBe(pageSignature(issued, body.nonceStr, body.timestamp, PAGE));
    for (const appId of [MINI, WEBSITE, 'wx0000000000000000']) {
      expect((await config({ url: PAGE, appId })).body.code).toBe('APP_UNKNOWN');
    }
  });

  test('is given to pages of RETURN_URLS only, before WeChat is asked', async () => {
    expect((await config({ url: 'https://evil.example.com/' })).body).toMatchObject({
      status: 400,
      code: 'RETURN_URL_FORBIDDEN',
    });
    const wrong: Readonly<Record<string, string>>[] = [
      {},
      { url: '' },
      { url: 'javascript:alert(1)' },
      { url: `${SHOP}/${'a'.repeat(2048)}` },
      { url: `${SHOP}/a`, y: '2' },
      { url: PAGE, appid: ACCOUNT },
    ];
    for (const query of wrong) {
      expect((await config(query)).body).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
    }
    expect(await fetches()).toBe(0);
  });

  test('says so where the page did not encode its URL', async () => {
    const { body } = await call<Problem>(`${world.url}/v1/wechat/js-sdk-config?url=${SHOP}/a?x=1&y=2`);
    expect(body.errors?.[0]?.message).toContain('encodeURIComponent');
  });

  test('may be asked for by a page of RETURN_URLS from its browser, and by no other', async () => {
    const url = `${world.url}/v1/wechat/js-sdk-config?url=${encodeURIComponent(PAGE)}`;
    for (const [origin, allowed] of [
      [SHOP, SHOP],
      ['http://mp.weixin.qq.com', 'http://mp.weixin.qq.com'],
      ['https://evil.example.com', null],
    ] as const) {
      const { headers, status } = await call(url, { headers: { origin } });
      expect([status, headers.get('access-control-allow-origin')]).toEqual([200, allowed]);
      const preflight = await call(url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET' },
      });
      expect(preflight.headers.get('access-control-allow-origin')).toBe(allowed);
    }
  });

  test('is served by one call to WeChat for a hundred callers at once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        index % 2 === 0 ? config({ url: PAGE }, index) : ticket({}, index >> 1),
      ),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    const tickets = replies.flatMap(({ body }) => ('ticket' in body ? [body.ticket] : []));
    expect(tickets).toHaveLength(50);
    const [issued = ''] = tickets;
    expect(new Set(tickets)).toEqual(new Set([issued]));
    for (const { body } of replies) {
      if (!('nonceStr' in body)) continue;
      expect(body.signature).toBe(pageSignature(issued, body.nonceStr, body.timestamp, PAGE));
    }
    expect(await fetches()).toBe(1);
  });

  describe('a ticket', () => {
    test('is one for each app and type, mini programs too', async () => {
      const all = [
        await ticket(),
        await ticket({ type: 'wx_card' }),
        await ticket({ appId: SECOND }),
        await ticket({ appId: MINI }),
      ];
      expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(new Set(all.map(({ body }) => body.ticket)).size).toBe(4);
      expect((await ticket({ type: 'wx_card' })).body.ticket).toBe(all[1]?.body.ticket);
      expect(await fetches()).toBe(4);
    });

    test('has its end as a time and in seconds, and is replaced before it', async () => {
      const first = (await ticket()).body;
      expect(first.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(first.expiresIn).toBeGreaterThan(7190);
      world.clock.advance(first.expiresIn - 300);
      expect((await ticket()).body.ticket).toBe(first.ticket);
      world.clock.advance(20);
      const second = (await ticket()).body;
      expect(second.ticket).not.toBe(first.ticket);
      expect(second.expiresIn).toBeGreaterThan(7190);
      expect(await fetches()).toBe(2);
    });

    test('serves until its end while WeChat gives no new one, which is asked for now and then', async () => {
      const first = (await ticket()).body;
      world.clock.advance(first.expiresIn - 200);
      await world.fault(GET_TICKET, { status: 502, body: 'Bad Gateway', times: 9 });
      for (let n = 0; n < 5; n++) expect((await ticket({}, n)).body.ticket).toBe(first.ticket);
      expect((await config({ url: PAGE })).status).toBe(200);
      expect(await fetches()).toBe(2);
      await world.control('faults', undefined, 'DELETE');
      await world.pass(5);
      expect((await ticket()).body.ticket).not.toBe(first.ticket);
    });

    test('that WeChat does not give costs one call in a while, however many pages ask', async () => {
      await world.fault(GET_TICKET, { errcode: 48001, times: 99 });
      const first = await ticket();
      const replies = await Promise.all(Array.from({ length: 50 }, (_, n) => config({ url: PAGE }, n)));
      expect(new Set(replies.map(({ body }) => body.code))).toEqual(new Set(['WECHAT_CONFIGURATION']));
      expect(await fetches()).toBe(1);
      await world.control('faults', undefined, 'DELETE');
      // Pages learn nothing of the fault; operators learn the same as at the first time.
      const again = await ticket();
      expect(again.body).toMatchObject({ code: 'WECHAT_CONFIGURATION', detail: first.body.detail });
      expect(first.body.detail).toContain(ACCOUNT);
      expect(replies.every(({ text }) => !text.includes('apply for it'))).toBe(true);
      await world.pass(60);
      expect((await ticket()).status).toBe(200);
    });

    test('is fetched again with a new access token where WeChat refuses the old one', async () => {
      await callWithKey(`${world.url}/v1/wechat/access-tokens/${ACCOUNT}`, SERVICE_KEY);
      await world.control('app-tokens/put-out', { appId: ACCOUNT });
      await world.control('calls', undefined, 'DELETE');
      const replies = await Promise.all(Array.from({ length: 20 }, (_, index) => ticket({}, index)));
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await fetches()).toBe(2);
      expect(await world.callsOf('/cgi-bin/stable_token')).toBeLessThanOrEqual(2);
    });

    test('outlives the access token with which it was fetched', async () => {
      const first = (await ticket()).body.ticket;
      await world.control('app-tokens/put-out', { appId: ACCOUNT });
      expect((await ticket()).body.ticket).toBe(first);
    });

    test('is not asked for any more on a day whose quota is used up', async () => {
      await world.control('settings', { ticketDailyQuota: 0 });
      const first = await ticket();
      expect(first.body).toMatchObject({ status: 429, code: 'WECHAT_RATE_LIMITED' });
      const wait = Number(first.headers.get('retry-after'));
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(86_400);
      for (let n = 0; n < 5; n++)
        expect((await config({ url: PAGE }, n)).body.code).toBe('WECHAT_RATE_LIMITED');
      expect(await fetches()).toBe(1);
      await world.control('settings', { ticketDailyQuota: 1000 });
      await world.pass(wait);
      expect((await ticket()).status).toBe(200);
    });

    test.each([
      ['without a ticket', '{"errcode":0,"errmsg":"ok","expires_in":7200}'],
      ['with one that has spaces', '{"errcode":0,"ticket":"a b","expires_in":7200}'],
      ['that lives for ever', '{"errcode":0,"ticket":"abc","expires_in":1e13}'],
      ['that has ended', '{"errcode":0,"ticket":"abc","expires_in":0}'],
    ])('is not believed in an answer %s', async (_what, body) => {
      await world.fault(GET_TICKET, { body });
      expect((await ticket()).body.code).toBe('WECHAT_BAD_REPLY');
      await world.pass(5);
      expect((await ticket()).status).toBe(200);
    });

    test('is given to services with a key, of apps that have one', async () => {
      expect((await ticket({ key: ADMIN_KEY })).status).toBe(200);
      for (const key of [null, `${SERVICE_KEY}x`]) {
        expect((await ticket({ key })).body).toMatchObject({ status: 401, code: 'API_KEY_INVALID' });
      }
      expect((await ticket({ appId: WEBSITE })).body.code).toBe('APP_UNKNOWN');
      expect((await ticket({ appId: 'wx0000000000000000' })).body.code).toBe('APP_UNKNOWN');
      for (const type of ['', '2', 'JSAPI']) {
        expect((await ticket({ type })).body.code).toBe('VALIDATION_FAILED');
      }
    });
  });

  test('neither log, store nor tables hold a ticket', async () => {
    await ticket();
    expect(secrets.size).toBeGreaterThan(5);
    const places = {
      log: world.log(),
      store: await storeContents(world),
      tables: await tableContents(world),
    };
    expect(places.log).toContain(GET_TICKET.slice(1));
    expect(places.store).toContain(`ticket:jsapi:${ACCOUNT}`);
    for (const [place, text] of Object.entries(places)) {
      expect({ place, found: [...secrets].filter((secret) => text.includes(secret)) }).toEqual({
        place,
        found: [],
      });
    }
  });
});

describe('the limit of js-sdk-config', () => {
  test('is that of an address, and programs with a key have none', async () => {
    const world = await World.start({ ...API_KEYS, RATE_LIMITS: 'js-sdk-config=3' });
    world.clock.advanceToNextMinute();
    const url = `${world.url}/v1/wechat/js-sdk-config?url=${encodeURIComponent(PAGE)}`;
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await call(url)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect((await callWithKey(url, SERVICE_KEY)).status).toBe(200);
    await world.stop();
  });
});
