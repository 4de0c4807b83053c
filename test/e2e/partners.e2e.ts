import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fingerprint } from '../../src/crypto/secret.js';
import { Grants } from '../../src/partner/grants/grants.js';
import { PartnerRegistry } from '../../src/partner/registry/partner-registry.js';
import { PartnerRemoval } from '../../src/partner/registry/partner-removal.js';
import { INSTANCES } from '../harness/backend.js';
import type { Reply } from '../harness/http.js';
import { ADMIN_KEY, API_KEYS, callWithKey, SERVICE_KEY } from '../harness/operator.js';
import { MINI_PROGRAM, type Problem, World } from '../harness/world.js';

type Json = Readonly<Record<string, unknown>>;

interface Partner extends Problem {
  readonly id: string;
  readonly secret?: string;
  readonly name: string;
  readonly authMethod: string;
  readonly redirectUris: string[];
  readonly jwks: { keys: Json[] } | null;
  readonly jwksUri: string | null;
  readonly scopes: string[];
  readonly updatedAt: string;
}

interface Page {
  readonly items: Partner[];
  readonly nextCursor: string | null;
}

const REPORTS = { name: 'Reports', redirectUris: ['https://reports.example.com/callback'] };
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicJwk = { ...EC.publicKey.export({ format: 'jwk' }), kid: '2026-11', use: 'sig' };
const privateJwk = { ...EC.privateKey.export({ format: 'jwk' }), kid: '2026-11' };
const native = { authMethod: 'none' };

describe(`partner apps, on ${INSTANCES} instance(s)`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(API_KEYS, INSTANCES);
  });
  afterAll(() => world.stop());

  const last = INSTANCES - 1;
  const admin = <Body = Partner>(
    path = '',
    options: { method?: string; json?: unknown; key?: string | null; instance?: number } = {},
  ): Promise<Reply<Body>> =>
    callWithKey<Body>(
      `${world.service(options.instance).url}/v1/admin/partners${path}`,
      options.key === undefined ? ADMIN_KEY : options.key,
      {
        ...(options.method === undefined ? {} : { method: options.method }),
        ...(options.json === undefined ? {} : { json: options.json }),
      },
    );
  const create = (given: Json = {}) => admin('', { json: { ...REPORTS, ...given } });
  const created = async (given: Json = {}): Promise<Partner> => {
    const { status, body, text } = await create(given);
    expect({ status, text }).toMatchObject({ status: 201 });
    return body;
  };
  const patch = (id: string, json: unknown) => admin(`/${id}`, { method: 'PATCH', json });
  const registry = (instance = 0) => world.service(instance).app.get(PartnerRegistry, { strict: false });
  const fields = ({ status, body }: Reply<Partner>) => ({
    status,
    fields: [...new Set(body.errors?.map(({ field }) => field))],
  });
  const refused = (...names: string[]) => ({ status: 400, fields: names });
  async function events(type: string): Promise<{ actor: string; details: Json }[]> {
    const { body } = await callWithKey<{ items: { actor: string; details: Json }[] }>(
      `${world.url}/v1/admin/events?type=${type}`,
      ADMIN_KEY,
    );
    return body.items;
  }
  /** All rows of all tables, and the log. */
  async function everything(): Promise<string> {
    const tables = await world.backend.tables();
    const rows = await Promise.all(tables.map((table) => world.backend.rows(`SELECT * FROM ${table}`)));
    return JSON.stringify(rows) + world.log();
  }

  test('are registered with defaults; the secret is shown once and stored as a hash', async () => {
    const { secret = '', ...partner } = await created();
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(partner).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'Reports',
      logoUrl: null,
      redirectUris: ['https://reports.example.com/callback'],
      postLogoutRedirectUris: [],
      scopes: ['openid', 'profile'],
      authMethod: 'client_secret_basic',
      jwks: null,
      jwksUri: null,
      firstParty: false,
      subjectType: 'pairwise',
      wechatAppId: null,
      miniProgramAppIds: [],
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    const again = await admin(`/${partner.id}`, { instance: last });
    expect(again.body).toEqual(partner);
    expect((await registry(last).find(partner.id))?.secretHash).toBe(fingerprint(secret));
    expect(await everything()).not.toContain(secret);
    expect((await events('partner.created'))[0]).toMatchObject({
      actor: 'admin:alice',
      details: { partnerId: partner.id },
    });
  });

  test('can be registered and changed with the examples of the OpenAPI document', async () => {
    const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
      components: { schemas: Record<string, { properties: Record<string, { example: unknown }> }> };
    };
    const examplesOf = (schema: string): Json =>
      Object.fromEntries(
        Object.entries(document.components.schemas[schema]?.properties ?? {}).map(([name, { example }]) => [
          name,
          example,
        ]),
      );
    const { id } = await created(examplesOf('PartnerRequest'));
    expect((await patch(id, examplesOf('PartnerChangeRequest'))).status).toBe(200);
  });

  test('have every setting, the name cleaned as nicknames are', async () => {
    const settings = {
      logoUrl: 'https://reports.example.com/logo.png',
      redirectUris: [
        'http://127.0.0.1:8080/cb',
        'http://[::1]/cb',
        'http://localhost/cb',
        'https://a.example',
      ],
      postLogoutRedirectUris: ['https://reports.example.com/bye?from=here'],
      scopes: ['openid', 'profile', 'phone', 'offline_access', 'wechat'],
      authMethod: 'client_secret_post',
      firstParty: true,
      subjectType: 'public',
      wechatAppId: MINI_PROGRAM,
      miniProgramAppIds: ['wx5a4db0c0de000009'],
    };
    const { id, ...reply } = await created({ ...settings, name: ' Re\u202Eports\u0000 ' });
    expect(reply).toMatchObject({ ...settings, name: 'Reports' });
    expect(await registry().find(id)).toMatchObject({ ...settings, name: 'Reports' });
  });

  test.each([
    ['none', { authMethod: 'none', redirectUris: ['com.example.app:/cb', 'com.example.app://cb'] }],
    ['private_key_jwt with keys', { authMethod: 'private_key_jwt', jwks: { keys: [publicJwk] } }],
    ['private_key_jwt with an address', { authMethod: 'private_key_jwt', jwksUri: 'https://a.example/jwks' }],
  ])('have no secret with %s', async (_case, given) => {
    const partner = await created(given);
    expect(partner.secret).toBeUndefined();
    expect(partner).toMatchObject(given);
    expect((await registry().find(partner.id))?.secretHash).toBeNull();
    expect(fields(await admin(`/${partner.id}/rotate-secret`, { method: 'POST' }))).toEqual(
      refused('authMethod'),
    );
  });

  test.each([
    ['http elsewhere', 'http://reports.example.com/cb', {}],
    ['a host that looks like loopback', 'http://localhost.example.com/cb', {}],
    ['a loopback address in another form', 'http://127.1/cb', {}],
    ['a wildcard', 'https://*.example.com/cb', {}],
    ['a wildcard in the path', 'https://reports.example.com/*', {}],
    ['a fragment', 'https://reports.example.com/cb#top', {}],
    ['an empty fragment', 'https://reports.example.com/cb#', {}],
    ['a user', 'https://reports.example.com@evil.example/cb', {}],
    ['a backslash', 'https://reports.example.com\\@evil.example/cb', {}],
    ['a control character', 'https://reports.example.com/c\nb', {}],
    ['an encoded control character', 'https://reports.example.com/c%0d%0ab', {}],
    ['a space', ' https://reports.example.com/cb', {}],
    ['dot segments', 'https://reports.example.com/a/../cb', {}],
    ['upper case in the host', 'https://Reports.example.com/cb', {}],
    ['the default port', 'https://reports.example.com:443/cb', {}],
    ['a path alone', '/cb', {}],
    ['no host', 'https:///cb', {}],
    ['a script', 'javascript:alert(1)', native],
    ['data', 'data:text/html,hello', native],
    ['a file', 'file:///etc/passwd', native],
    ['a scheme without a dot', 'myapp:/cb', native],
    ['a scheme of an app, with a secret', 'com.example.app:/cb', {}],
    ['a scheme of an app without a path', 'com.example.app:', native],
    ['a text that is too long', `https://reports.example.com/${'a'.repeat(2048)}`, {}],
  ])('lead nowhere but where they may: %s is refused', async (_case, uri, given) => {
    const before = await world.count('partners');
    const redirect = await create({ ...given, redirectUris: ['https://a.example/', uri] });
    expect(redirect.status).toBe(400);
    expect(redirect.body.errors?.[0]?.field).toMatch(/^redirectUris(\.1)?$/);
    const logout = await create({ ...given, postLogoutRedirectUris: [uri] });
    expect(logout.status).toBe(400);
    expect(logout.body.errors?.[0]?.field).toMatch(/^postLogoutRedirectUris(\.0)?$/);
    expect(await world.count('partners')).toBe(before);
  });

  test.each([
    ['no name', { name: ' \u200b ' }, 'name'],
    ['a name that is no text', { name: 1 }, 'name'],
    ['no redirect URI', { redirectUris: [] }, 'redirectUris'],
    [
      'too many',
      { redirectUris: Array.from({ length: 21 }, (_, n) => `https://a.example/${n}`) },
      'redirectUris',
    ],
    ['one twice', { redirectUris: ['https://a.example/', 'https://a.example/'] }, 'redirectUris'],
    ['redirect URIs as text', { redirectUris: 'https://a.example/' }, 'redirectUris'],
    ['a logo by http', { logoUrl: 'http://a.example/logo.png' }, 'logoUrl'],
    ['a logo as data', { logoUrl: 'data:image/png;base64,AA' }, 'logoUrl'],
    ['a scope of nobody', { scopes: ['openid', 'email'] }, 'scopes'],
    ['scopes without openid', { scopes: ['profile'] }, 'scopes'],
    ['a method of nobody', { authMethod: 'client_secret_jwt' }, 'authMethod'],
    ['a subject type of nobody', { subjectType: 'private' }, 'subjectType'],
    ['a flag as text', { firstParty: 'true' }, 'firstParty'],
    ['an app of somebody else', { wechatAppId: 'wx00000000000000aa' }, 'wechatAppId'],
    ['the scope wechat without an app', { scopes: ['openid', 'wechat'] }, 'wechatAppId'],
    ['a mini program that is none', { miniProgramAppIds: ['gh_0123456789ab'] }, 'miniProgramAppIds'],
    ['private_key_jwt without keys', { authMethod: 'private_key_jwt' }, 'jwks'],
    [
      'keys twice',
      { authMethod: 'private_key_jwt', jwks: { keys: [publicJwk] }, jwksUri: 'https://a.example/jwks' },
      'jwks',
    ],
    ['keys by http', { authMethod: 'private_key_jwt', jwksUri: 'http://127.0.0.1/jwks' }, 'jwksUri'],
    ['keys for another method', { jwks: { keys: [publicJwk] } }, 'jwks'],
    ['an address of keys for another method', { jwksUri: 'https://a.example/jwks' }, 'jwksUri'],
  ])('are refused with %s', async (_case, given, field) => {
    expect(fields(await create(given))).toEqual(refused(field));
  });

  describe('keys that a partner registers', () => {
    const withKeys = (jwks: unknown) => create({ authMethod: 'private_key_jwt', jwks });

    test('may be RSA, EC and Ed25519; members that mean nothing here are dropped', async () => {
      const ed = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
      const rsa = RSA.publicKey.export({ format: 'jwk' });
      const { status, body } = await withKeys({ keys: [{ ...publicJwk, x5c: ['x'] }, ed, rsa] });
      expect(status).toBe(201);
      expect(body.jwks).toEqual({ keys: [publicJwk, ed, rsa] });
    });

    test('a private key is refused, and neither stored nor logged', async () => {
      for (const key of [privateJwk, RSA.privateKey.export({ format: 'jwk' })]) {
        const reply = await withKeys({ keys: [publicJwk, key] });
        expect(fields(reply)).toEqual(refused('jwks.keys.1'));
        expect(reply.body.errors?.[0]?.message).toContain('"d"');
        expect(reply.text).not.toContain(key.d);
        expect(await everything()).not.toContain(key.d);
      }
    });

    test.each([
      ['no object', 'keys', 'jwks'],
      ['no list', { keys: publicJwk }, 'jwks'],
      ['an empty list', { keys: [] }, 'jwks'],
      ['eleven', { keys: Array.from({ length: 11 }, () => publicJwk) }, 'jwks'],
      ['two with one kid', { keys: [publicJwk, publicJwk] }, 'jwks'],
      ['null', { keys: [null] }, 'jwks.keys.0'],
      ['a symmetric key', { keys: [{ kty: 'oct', k: 'AAAA' }] }, 'jwks.keys.0'],
      ['a short RSA key', { keys: [shortRsa()] }, 'jwks.keys.0'],
      ['a point off the curve', { keys: [{ ...publicJwk, y: publicJwk.x }] }, 'jwks.keys.0'],
      ['a key for encryption', { keys: [{ ...publicJwk, use: 'enc' }] }, 'jwks.keys.0'],
      ['another curve', { keys: [{ ...publicJwk, crv: 'secp256k1' }] }, 'jwks.keys.0'],
      ['a number with junk', { keys: [{ ...publicJwk, x: `${publicJwk.x ?? ''}!!!` }] }, 'jwks.keys.0'],
      ['a kid that is no text', { keys: [{ ...publicJwk, kid: { a: 1 } }] }, 'jwks.keys.0'],
    ])('%s is refused', async (_case, jwks, field) => {
      expect(fields(await withKeys(jwks))).toEqual(refused(field));
    });
  });

  describe('that are changed', () => {
    let partner: Partner;
    beforeEach(async () => {
      partner = await created();
    });

    test('keep what the request does not name; the event names what changed', async () => {
      const { secret = '', ...before } = partner;
      world.clock.advance(5);
      const { status, body } = await patch(partner.id, {
        name: 'Figures',
        logoUrl: 'https://a.example/b.png',
        scopes: before.scopes,
      });
      expect(status).toBe(200);
      expect(body).toEqual({
        ...before,
        name: 'Figures',
        logoUrl: 'https://a.example/b.png',
        updatedAt: expect.any(String),
      });
      expect(Date.parse(body.updatedAt)).toBeGreaterThan(Date.parse(before.updatedAt));
      expect(await registry(last).find(partner.id)).toMatchObject({
        name: 'Figures',
        secretHash: fingerprint(secret),
      });
      expect((await events('partner.changed'))[0]).toMatchObject({
        actor: 'admin:alice',
        details: { partnerId: partner.id, changed: ['name', 'logoUrl'] },
      });
      expect((await patch(partner.id, { logoUrl: null, name: null })).body).toMatchObject({
        name: 'Figures',
        logoUrl: null,
      });
    });

    test('to what they are already record nothing', async () => {
      const before = (await events('partner.changed')).length;
      for (const json of [{}, { name: 'Reports' }]) {
        expect((await patch(partner.id, json)).body.updatedAt).toBe(partner.updatedAt);
      }
      expect(await events('partner.changed')).toHaveLength(before);
    });

    test('to another method lose their secret, or get one, and say so', async () => {
      const hash = async () => (await registry().find(partner.id))?.secretHash;
      expect((await patch(partner.id, { authMethod: 'client_secret_post' })).body.secret).toBeUndefined();
      expect(await hash()).toBe(fingerprint(partner.secret ?? ''));
      const keys = { authMethod: 'private_key_jwt', jwks: { keys: [publicJwk] } };
      expect((await patch(partner.id, keys)).body).toMatchObject(keys);
      expect(await hash()).toBeNull();
      const moved = await patch(partner.id, { jwksUri: 'https://a.example/jwks' });
      expect(moved.body).toMatchObject({ jwks: null, jwksUri: 'https://a.example/jwks' });
      expect(fields(await patch(partner.id, { jwksUri: null }))).toEqual(refused('jwks'));
      const { body } = await patch(partner.id, { authMethod: 'client_secret_basic' });
      expect(body).toMatchObject({ jwks: null, jwksUri: null });
      expect(body.secret).not.toBe(partner.secret);
      expect(await hash()).toBe(fingerprint(body.secret ?? ''));
    });

    test('are checked as a whole: a scheme of an app does not survive a method with a secret', async () => {
      await patch(partner.id, { authMethod: 'none', redirectUris: ['com.example.app:/cb'] });
      expect(fields(await patch(partner.id, { authMethod: 'client_secret_basic' }))).toEqual(
        refused('redirectUris.0'),
      );
      expect((await registry().find(partner.id))?.authMethod).toBe('none');
    });

    test('at the same time: no change is lost', async () => {
      const changes = [
        { name: 'A' },
        { firstParty: true },
        { postLogoutRedirectUris: ['https://a.example/'] },
        { scopes: ['openid'] },
      ];
      await Promise.all(changes.map((json) => patch(partner.id, json)));
      expect(await registry().find(partner.id)).toMatchObject(Object.assign({}, ...changes) as object);
    });

    test('get a new secret: the old one is gone at once', async () => {
      const { status, body } = await admin(`/${partner.id}/rotate-secret`, { method: 'POST' });
      expect(status).toBe(200);
      expect(body.secret).toMatch(/^[0-9a-f]{64}$/);
      expect(body.secret).not.toBe(partner.secret);
      expect((await registry(last).find(partner.id))?.secretHash).toBe(fingerprint(body.secret ?? ''));
      expect((await events('partner.secret_rotated'))[0]).toMatchObject({
        actor: 'admin:alice',
        details: { partnerId: partner.id },
      });
      expect(await everything()).not.toContain(body.secret);
    });
  });

  test('are listed by pages, the newest first, without secrets', async () => {
    for (let n = 0; n < 3; n++) await created({ name: `Page ${n}` });
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: Reply<Page> = await admin<Page>(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      expect(JSON.stringify(body)).not.toMatch(/secret"|Hash/);
      ids.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    expect(ids).toHaveLength(await world.count('partners'));
    expect((await admin('?cursor=x')).body.code).toBe('CURSOR_INVALID');
  });

  test('belong to operators with an admin key', async () => {
    const { id } = await created();
    for (const [method, path] of [
      ['GET', ''],
      ['POST', ''],
      ['GET', `/${id}`],
      ['PATCH', `/${id}`],
      ['DELETE', `/${id}`],
      ['POST', `/${id}/rotate-secret`],
    ] as const) {
      expect((await admin(path, { method, key: null })).body.code).toBe('API_KEY_INVALID');
      expect((await admin(path, { method, key: SERVICE_KEY })).body.code).toBe('FORBIDDEN');
    }
    for (const unknown of ['0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e70', 'x']) {
      for (const [method, path] of [
        ['GET', ''],
        ['PATCH', ''],
        ['DELETE', ''],
        ['POST', '/rotate-secret'],
      ] as const) {
        const reply = await admin(`/${unknown}${path}`, {
          method,
          ...(method === 'PATCH' ? { json: {} } : {}),
        });
        expect(reply.body.code).toBe('NOT_FOUND');
      }
    }
  });

  test('that are deleted are gone at once, and their rows in small steps', async () => {
    const { id } = await created();
    const other = await created();
    const { user } = await world.miniProgramLogin(await world.person());
    const grants = world.service().app.get(Grants, { strict: false });
    const now = `'2026-01-01 00:00:00.000'`;
    const uuid = (n: number) => `01910000-0000-7000-8000-${String(n).padStart(12, '0')}`;
    const rows = (count: number, row: (n: number) => string) =>
      Array.from({ length: count }, (_, n) => row(n));
    await world.backend.write(
      `INSERT INTO partner_grants (id, partner_id, user_id, scopes, payload, created_at, last_used_at) VALUES ${rows(
        1_100,
        (n) => `('${uuid(n)}', '${n === 0 ? other.id : id}', '${user.id}', 'openid', '{}', ${now}, ${now})`,
      ).join(',')}`,
    );
    await world.backend.write(
      `INSERT INTO partner_tokens (id, model, grant_id, payload, expires_at, created_at) VALUES ${rows(
        1_200,
        (n) => `('token${n}', 'RefreshToken', '${uuid(n < 1_150 ? 1 : 0)}', '{}', ${now}, ${now})`,
      ).join(',')}`,
    );
    await world.backend.write(
      `INSERT INTO partner_subjects (partner_id, user_id, sub, created_at) VALUES ('${id}', '${user.id}', 's', ${now})`,
    );
    expect(await grants.find(uuid(1))).not.toBeNull();

    expect((await admin(`/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await registry(last).find(id)).toBeNull();
    expect(await grants.find(uuid(1))).toBeNull();
    expect(await grants.ofPersonAt(id, user.id)).toEqual([]);
    expect((await admin(`/${id}`)).body.code).toBe('NOT_FOUND');
    expect((await admin(`/${id}`, { method: 'DELETE' })).body.code).toBe('NOT_FOUND');
    expect((await patch(id, { name: 'Again' })).body.code).toBe('NOT_FOUND');
    expect((await admin<Page>('?limit=100')).body.items.map((each) => each.id)).not.toContain(id);
    const late = { id: uuid(9_999), partnerId: id, userId: user.id, scopes: ['openid'], payload: {} };
    await expect(grants.save(late)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await events('partner.deleted'))[0]).toMatchObject({
      actor: 'admin:alice',
      details: { partnerId: id },
    });

    await world.service().app.get(PartnerRemoval, { strict: false }).idle();
    expect(await world.count(`partners WHERE id = '${id}'`)).toBe(0);
    expect(await world.count(`partner_subjects WHERE partner_id = '${id}'`)).toBe(0);
    expect(await world.count('partner_grants')).toBe(1);
    expect(await world.count('partner_tokens')).toBe(50);
  });

  test('that were deleted right before a crash are removed by an hourly run', async () => {
    const { id } = await created();
    await world.backend.write(
      `UPDATE partners SET deleted_at = '2026-01-01 00:00:00.000' WHERE id = '${id}'`,
    );
    expect(await registry().find(id)).toBeNull();
    const before = (await events('partner.deleted')).length;
    for (const [method, path] of [
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/rotate-secret'],
    ] as const) {
      const json = method === 'PATCH' ? { json: { name: 'Again' } } : {};
      expect((await admin(`/${id}${path}`, { method, ...json })).body.code).toBe('NOT_FOUND');
    }
    expect(await events('partner.deleted')).toHaveLength(before);
    await world.pass(3_601);
    expect(await world.service().app.get(PartnerRemoval, { strict: false }).runDue()).toBe(true);
    expect(await world.count(`partners WHERE id = '${id}'`)).toBe(0);
  });
});

function shortRsa(): object {
  return generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
}
