import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { World } from '../harness/world.js';

interface Schema {
  readonly properties: Readonly<Record<string, { readonly example?: unknown }>>;
}
const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
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
    world = await World.start({}, 1, { sampleCodes: true });
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

  test('have a codeChallenge that belongs to the codeVerifier', () => {
    const { codeVerifier } = examplesOf('RedeemRequest');
    const { codeChallenge } = examplesOf('AttemptRequest');
    expect(createHash('sha256').update(String(codeVerifier)).digest('base64url')).toBe(codeChallenge);
  });
});
