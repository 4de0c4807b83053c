import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { World } from '../harness/world.js';

interface Schema {
  readonly properties: Readonly<Record<string, { readonly example?: unknown }>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly example?: unknown;
  readonly schema?: { readonly example?: unknown };
}
const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
  readonly paths: Readonly<Record<string, { readonly get?: { readonly parameters?: readonly Parameter[] } }>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

/** The examples of a request's fields, as an API explorer fills them in. */
function examplesOf(schema: string): Record<string, unknown> {
  const { properties = {} } = document.components.schemas[schema] ?? {};
  return Object.fromEntries(Object.entries(properties).map(([name, { example }]) => [name, example]));
}

describe('the examples of the OpenAPI document', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(API_KEYS, 1, { sampleCodes: true });
  });
  afterAll(() => world.stop());

  test('log a user in unchanged, read the account and store a phone number', async () => {
    const login = await call<{ accessToken: string; refreshToken: string }>(
      `${world.url}/v1/mini-program/login`,
      {
        method: 'POST',
        json: examplesOf('AppCodeRequest'),
      },
    );
    expect(login.status).toBe(200);
    const headers = { authorization: `Bearer ${login.body.accessToken}` };
    const { code } = examplesOf('PhoneNumberRequest');
    const phone = await call<{ phoneNumber: string }>(`${world.url}/v1/mini-program/phone-number`, {
      method: 'POST',
      json: { code },
      headers,
    });
    expect([phone.status, phone.body.phoneNumber]).toEqual([200, '13800138000']);
    const me = await call(`${world.url}/v1/users/me`, { headers });
    expect(me.body).toMatchObject({ phoneNumber: '+8613800138000' });
  });

  test('use the WeChat app as another service does, after that login', async () => {
    for (const [path, schema, reply] of [
      ['signatures', 'SignatureRequest', { signature: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      ['user-encrypt-keys', 'PersonRequest', { keys: [expect.objectContaining({ version: 1 })] }],
    ] as const) {
      const json = examplesOf(schema);
      const { status, body } = await callWithKey(`${world.url}/v1/wechat/${path}`, SERVICE_KEY, { json });
      expect([status, body]).toEqual([200, expect.objectContaining(reply)]);
    }
    for (const path of [
      '/v1/wechat/access-tokens/{appId}',
      '/v1/wechat/tickets/{appId}',
      '/v1/wechat/js-sdk-config',
    ]) {
      const { parameters = [] } = document.paths[path]?.get ?? {};
      const query = new URLSearchParams();
      let address = path;
      for (const { name, in: place, schema, example = schema?.example } of parameters) {
        if (place === 'path') address = address.replace(`{${name}}`, String(example));
        else if (place === 'query') query.set(name, String(example));
      }
      const reply = await callWithKey(`${world.url}${address}?${query.toString()}`, SERVICE_KEY);
      expect([path, reply.status]).toEqual([path, 200]);
    }
  });

  test('have a codeChallenge that belongs to the codeVerifier', () => {
    const { codeVerifier } = examplesOf('RedeemRequest');
    const { codeChallenge } = examplesOf('AttemptRequest');
    expect(createHash('sha256').update(String(codeVerifier)).digest('base64url')).toBe(codeChallenge);
  });
});
