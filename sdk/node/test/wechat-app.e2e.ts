import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { API_KEYS, SERVICE_KEY } from '../../../test/harness/operator.js';
import { SIGNATURE_VECTORS } from '../../../test/harness/signature-vectors.js';
import { MINI_PROGRAM, type Person, type TokenReply, World } from '../../../test/harness/world.js';
import { createServiceClient, sealUserPayload, type ServiceClient } from '../src/index.js';
import { thrownBy } from './errors.js';
import { FaultyProxy } from './faulty-proxy.js';

const OFFICIAL_ACCOUNT = 'wx5a4db0c0de000003';
const [, VECTOR] = SIGNATURE_VECTORS;
if (!VECTOR) throw new Error('there is no vector V9');
const { sessionKey, payload, uri } = VECTOR;

describe('a service client and the WeChat app', () => {
  let world: World;
  let proxy: FaultyProxy;
  let client: ServiceClient;
  let person: Person;
  let login: TokenReply;
  beforeAll(async () => {
    world = await World.start({
      ...API_KEYS,
      WECHAT_PAY_APP_KEYS: `${MINI_PROGRAM}:0:${VECTOR.appKey}`,
    });
    proxy = await FaultyProxy.listen(world.url);
    person = await world.person();
    await world.control('session-keys', { person: person.id, sessionKey });
    login = await world.miniProgramLogin(person);
  });
  afterAll(async () => {
    await proxy.close();
    await world.stop();
  });
  beforeEach(() => {
    proxy.plan();
    client = createServiceClient({ baseUrl: proxy.url, apiKey: SERVICE_KEY });
  });

  test('signs exactly the text or the bytes that it was given', async () => {
    const { openId } = login.identity;
    const signed = { appId: MINI_PROGRAM, openId, signature: VECTOR.signature, paySig: VECTOR.paySig };
    expect(await client.sign({ userId: login.user.id, payload, uri })).toMatchObject(signed);
    expect(await client.sign({ openId, appId: MINI_PROGRAM, payload, uri, env: 0 })).toMatchObject(signed);
    expect(await client.sign({ openId, payload: Buffer.from(payload), uri })).toMatchObject(signed);
    const bytes = Uint8Array.of(0xff, 0x00, 0xc0);
    const { signature, paySig } = await client.sign({ openId, payload: bytes, requireAlive: true });
    expect(signature).toBe(createHmac('sha256', sessionKey).update(bytes).digest('hex'));
    expect(paySig).toBeUndefined();
  });

  test('says what to do where the session_key is stale, and who is unknown', async () => {
    const someone = await world.person();
    const { identity } = await world.miniProgramLogin(someone);
    world.clock.advance(61);
    await world.wxLogin(someone);
    const stale = client.sign({ openId: identity.openId, payload: '', requireAlive: true });
    await expect(stale).rejects.toMatchObject({ code: 'SESSION_KEY_STALE', status: 409, retryable: false });
    await expect(client.sign({ openId: 'oNobody', payload: '' })).rejects.toMatchObject({
      code: 'IDENTITY_UNKNOWN',
      status: 404,
    });
    await expect(client.userEncryptKeys({ openId: identity.openId })).rejects.toMatchObject({
      code: 'SESSION_KEY_STALE',
    });
  });

  test('gets the encryption keys of a person, which seal', async () => {
    const keys = await client.userEncryptKeys({ openId: login.identity.openId });
    const phone = await world.control<{ encryptKey: string }>('user-keys', { person: person.id });
    expect(keys[0]?.encryptKey).toBe(phone.encryptKey);
    expect(sealUserPayload('秘密', keys).split('.')[1]).toBe(String(keys[0]?.version));
  });

  test('asks once for all who want the ticket of an app and type, and not until it gets old', async () => {
    const tickets = await Promise.all(Array.from({ length: 10 }, () => client.ticket(OFFICIAL_ACCOUNT)));
    const [first] = tickets;
    expect(new Set(tickets.map(({ ticket }) => ticket)).size).toBe(1);
    expect(proxy.requests).toHaveLength(1);
    expect((await client.ticket(OFFICIAL_ACCOUNT, 'wx_card')).ticket).not.toBe(first?.ticket);
    expect((await client.ticket(MINI_PROGRAM)).ticket).not.toBe(first?.ticket);
    expect(proxy.requests).toHaveLength(3);
    const old = { ticket: 'old', expiresAt: '2030-01-01T00:00:00.000Z', expiresIn: 300 };
    const another = createServiceClient({ baseUrl: proxy.url, apiKey: SERVICE_KEY });
    proxy.plan({ status: 200, body: JSON.stringify(old) });
    expect(await another.ticket(OFFICIAL_ACCOUNT)).toEqual(old);
    expect(await another.ticket(OFFICIAL_ACCOUNT)).toMatchObject({ ticket: first?.ticket });
  });

  test('is repeated on a bad network', async () => {
    const { openId } = login.identity;
    for (const act of [
      () => client.sign({ openId, payload: 'x' }),
      () => client.userEncryptKeys({ openId }),
      () => client.ticket(OFFICIAL_ACCOUNT),
    ]) {
      proxy.plan('lose', 'cut');
      await act();
      expect(proxy.requests).toHaveLength(3);
    }
  });

  test('believes no answer of something else, and puts no payload into an error', async () => {
    for (const body of ['<html></html>', '{}', '{"signature":7}', '{"keys":null}', '{"ticket":"x"}']) {
      for (const act of [
        () => client.sign({ openId: 'o', payload: 'x' }),
        () => client.userEncryptKeys({ openId: 'o' }),
        () => client.ticket(OFFICIAL_ACCOUNT),
      ]) {
        proxy.plan({ status: 200, body });
        await expect(act()).rejects.toMatchObject({ code: 'SERVICE_BAD_REPLY' });
      }
    }
    const secret = 'thePayloadOfTheShop';
    const error = await thrownBy(client.sign({ openId: 'oNobody', payload: secret }));
    expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });
});
