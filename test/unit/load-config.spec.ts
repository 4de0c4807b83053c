import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig } from '../../src/config/load-config.js';

type Source = Readonly<Record<string, string | undefined>>;

const KEY = Buffer.alloc(32, 7).toString('base64');
const TEST: Source = { NODE_ENV: 'test', ENCRYPTION_KEYS: KEY };
const PRODUCTION: Source = {
  NODE_ENV: 'production',
  ENCRYPTION_KEYS: KEY,
  WECHAT_MINI_PROGRAMS: 'wx0123456789abcdef:0123456789abcdef0123456789abcdef',
  PUBLIC_URL: 'https://login.example.com',
};

/** The keys of TEST must not hide a name that means them. */
function without(name: string): Source {
  return name === 'ENCRYPTION_KEYS' ? { ENCRYPTION_KEYS: undefined } : {};
}

function faultsOf(source: Source): readonly string[] {
  try {
    loadConfig(source);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('the environment', () => {
  test('has defaults for all but the keys', () => {
    expect(loadConfig(TEST)).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://localhost:3000',
      database: { type: 'sqlite', path: 'data/wechat-auth.sqlite' },
      redis: null,
      wechat: { apiUrl: 'https://api.weixin.qq.com', openUrl: 'https://open.weixin.qq.com' },
      jwt: { issuer: 'http://localhost:3000', audience: 'http://localhost:3000' },
      ttl: { accessToken: 900, session: 90 * 86_400, sessionIdle: 30 * 86_400, sso: 8 * 3_600 },
      tokenHeader: 'authorization',
      returnUrls: ['http://localhost:3000'],
      logLevel: 'info',
    });
  });

  test('takes empty values for absent ones', () => {
    expect(loadConfig({ ...TEST, PORT: '', REDIS_URL: '', RETURN_URLS: '' })).toEqual(loadConfig(TEST));
  });

  test.each([
    ['mysql://[::1]:3307/db', { host: '::1', port: 3307, user: '', password: '' }],
    ['mysql://a%2Fb:%3A%25@db/my%2Ddb', { host: 'db', user: 'a/b', password: ':%', database: 'my-db' }],
    ['mysql://u@db/x?ssl-mode=disabled', { tls: { mode: 'disabled', ca: null } }],
    ['mysql://u@db/x?ssl-mode=verify-identity', { tls: { mode: 'verify-identity', ca: null } }],
  ])('takes the database of %s apart', (url, database) => {
    expect(loadConfig({ ...TEST, DATABASE_URL: url, DATABASE_POOL: '7' }).database).toMatchObject({
      type: 'mysql',
      pool: 7,
      ...database,
    });
  });

  test('is read as it is written', () => {
    const config = loadConfig({
      ...TEST,
      PORT: '8080',
      PUBLIC_URL: 'https://login.example.com/auth/',
      DATABASE_URL: 'mariadb://user:p%40ss@db:3306/wechat',
      WECHAT_MINI_PROGRAMS: ' wxa:one , wxb:two ,',
      ACCESS_TOKEN_TTL: '90s',
      SESSION_TTL: '12h',
      TOKEN_HEADER: 'X-Token',
      RATE_LIMITS: 'login=20000, refresh = 5,',
      RETURN_URLS: 'https://a.example.com/,https://b.example.com/app',
      ENCRYPTION_KEYS: `${KEY},${Buffer.alloc(32, 8).toString('base64')}`,
    });
    expect(config).toMatchObject({
      port: 8080,
      publicUrl: 'https://login.example.com/auth',
      database: {
        type: 'mysql',
        host: 'db',
        port: 3306,
        user: 'user',
        password: 'p@ss',
        database: 'wechat',
        tls: { mode: 'preferred', ca: null },
        pool: 20,
      },
      ttl: { accessToken: 90, session: 43_200 },
      tokenHeader: 'x-token',
      rateLimits: { on: true, quotas: { login: 20_000, refresh: 5 } },
      returnUrls: ['https://a.example.com', 'https://b.example.com/app'],
    });
    expect(config.wechat.apps.filter(({ kind }) => kind === 'mini_program')).toEqual([
      { kind: 'mini_program', appId: 'wxa', secret: 'one' },
      { kind: 'mini_program', appId: 'wxb', secret: 'two' },
    ]);
    expect(config.encryptionKeys).toHaveLength(2);
  });

  test('is frozen, to its leaves', () => {
    const config = loadConfig(TEST);
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      Buffer.isBuffer(value) ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(config)).toBe(true);
    expect(() => Object.assign(config.ttl, { session: 1 })).toThrow(TypeError);
  });

  // Each value contains "hunter2", which must not be echoed.
  test.each([
    ['NODE_ENV', 'hunter2'],
    ['PORT', 'hunter2'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['HOST', 'hunter2\u0000'],
    ['PUBLIC_URL', 'hunter2.example.com'],
    ['PUBLIC_URL', 'ftp://hunter2.example.com'],
    ['PUBLIC_URL', 'https://hunter2@example.com'],
    ['PUBLIC_URL', 'https://example.com?hunter2'],
    ['TERMS_URL', 'hunter2'],
    ['TERMS_URL', 'http://hunter2.example.com/terms'],
    ['TERMS_URL', 'javascript:hunter2'],
    ['PRIVACY_URL', 'https://hunter2@example.com/privacy'],
    ['PRIVACY_URL', `https://example.com/${'hunter2'.repeat(200)}`],
    ['BRAND_COLOR', 'hunter2'],
    ['BRAND_COLOR', '#12345'],
    ['BRAND_COLOR', '#07c160;}'],
    ['BRAND_COLOR', 'rgb(0,0,0)'],
    ['DATABASE_URL', 'postgres://hunter2@db/x'],
    ['DATABASE_URL', 'sqlite:'],
    ['DATABASE_URL', 'mysql://u:hunter2@db'],
    ['DATABASE_URL', 'mysql://u:hunter2@/x'],
    ['DATABASE_URL', 'mysql://u:hunter2#3@db/x'],
    ['DATABASE_URL', 'mysql://u:hunter2%@db/x'],
    ['DATABASE_URL', 'mysql://u:hunter2@db/x?ssl=true'],
    ['DATABASE_URL', 'mysql://u:hunter2@db/x?ssl-mode=hunter2'],
    ['DATABASE_URL', 'mysql://u:hunter2@db/x?ssl-mode=required&ssl-mode=disabled'],
    ['DATABASE_URL', 'mysql://u:hunter2@db/x?ssl-mode=required&flags=hunter2'],
    ['DATABASE_URL', 'mysql://u:hunter2@db/x?ssl-mode=verify-ca&ssl-ca=/no/hunter2'],
    ['DATABASE_URL', 'mysql://u:hunter2@db/x?ssl-mode=verify-ca&ssl-ca=package.json'],
    ['DATABASE_URL', 'mysql://u:hunter2@db/x?ssl-mode=preferred&ssl-ca=package.json'],
    ['DATABASE_POOL', '0'],
    ['DATABASE_POOL', '1001'],
    ['DATABASE_POOL', '2.5'],
    ['REDIS_URL', 'http://:hunter2@redis'],
    ['REDIS_URL', 'redis://:hunter2@redis?keyPrefix=x'],
    ['REDIS_URL', 'redis://hunter2@redis'],
    ['REDIS_PREFIX', '{hunter2}'],
    ['WECHAT_MINI_PROGRAMS', 'hunter2'],
    ['WECHAT_MINI_PROGRAMS', 'wxa:hunter2:x'],
    ['WECHAT_WEBSITES', 'wxa:hunter2,wxa:hunter2'],
    ['WECHAT_OFFICIAL_ACCOUNTS', 'wx a:hunter2'],
    ['WECHAT_API_URL', 'hunter2'],
    ['ACCEPT_UNIONID_CHANGE', 'hunter2!'],
    ['SANDBOX', 'hunter2'],
    ['SANDBOX_PORT', 'hunter2'],
    ['ENCRYPTION_KEYS', 'hunter2'],
    ['ENCRYPTION_KEYS', `${KEY},${KEY}`],
    ['ACCESS_TOKEN_TTL', 'hunter2'],
    ['ACCESS_TOKEN_TTL', '0m'],
    ['SESSION_TTL', '90'],
    ['SESSION_TTL', '999999999d'],
    ['SESSION_IDLE_TTL', '1.5d'],
    ['SSO_TTL', '0h'],
    ['SSO_TTL', 'off'],
    ['TOKEN_HEADER', 'hunter2 header'],
    ['TOKEN_HEADER', 'hunter2_token'],
    ['TOKEN_HEADER', 'Host'],
    ['TOKEN_HEADER', 'cookie'],
    ['TOKEN_HEADER', 'Content-Length'],
    ['TOKEN_HEADER', 'X-Forwarded-For'],
    ['TOKEN_HEADER', 'X-Api-Key'],
    ['WECHAT_MINI_PROGRAMS', 'wxa:<hunter2>'],
    ['WECHAT_WEBSITES', 'wxa:<AppSecret>'],
    ['WECHAT_OFFICIAL_ACCOUNTS', 'wxa:YOUR_APP_SECRET'],
    ['RETURN_URLS', '*'],
    ['RETURN_URLS', 'https://*.hunter2.example.com'],
    ['RETURN_URLS', 'https://hunter2.example.com/*'],
    ['RETURN_URLS', 'https://shop.example.com,hunter2'],
    ['RETURN_URLS', 'https://*.hunter2.example.com/?x'],
    ['TRUSTED_PROXIES', '10.0.0.0/8,hunter2'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['RATE_LIMITS', 'hunter2'],
    ['RATE_LIMITS', 'hunter2=5'],
    ['RATE_LIMITS', 'login=hunter2'],
    ['RATE_LIMITS', 'login=0'],
    ['RATE_LIMITS', 'login=-1'],
    ['RATE_LIMITS', 'login=99999999'],
    ['RATE_LIMITS', 'login=5,login=6'],
    ['RATE_LIMITS', 'off,login=5'],
    ['DOCS', 'hunter2'],
    ['LOG_LEVEL', 'hunter2'],
  ])('with a faulty %s (%j) stops the start by one line that names it and not its value', (name, value) => {
    const faults = faultsOf({ ...TEST, [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name} \\w`));
    expect(faults[0]).not.toContain('hunter2');
  });

  test('with several faults names them all at once, one line each', () => {
    const source: Source = { ...TEST, PORT: 'x', REDIS_URL: 'x', LOG_LEVEL: 'x' };
    expect(
      faultsOf(source)
        .map((line) => line.split(' ')[0])
        .sort(),
    ).toEqual(['LOG_LEVEL', 'PORT', 'REDIS_URL']);
    expect(() => loadConfig(source)).toThrow(/3 fault\(s\):\n {2}\S.*\n {2}\S.*\n {2}\S/);
  });
});

describe('a name that is nearly one of ours', () => {
  test.each([
    ['RETURN_URL', 'RETURN_URLS'],
    ['WECHAT_MINIPROGRAMS', 'WECHAT_MINI_PROGRAMS'],
    ['WECHAT_MINI_PROGRAM', 'WECHAT_MINI_PROGRAMS'],
    ['ENCRYPTION_KEY', 'ENCRYPTION_KEYS'],
    ['TRUSTED_PROXY', 'TRUSTED_PROXIES'],
    ['ADMIN_APIKEYS_FILE', 'ADMIN_API_KEYS_FILE'],
    ['return_urls', 'RETURN_URLS'],
    ['REDIS_URI', 'REDIS_URL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
  ])('%s is told of in one line, which names %s and not the value', (name, meant) => {
    const { warnings } = loadConfig({ ...TEST, ...without(meant), [name]: 'hunter2' });
    expect(warnings).toEqual([`${name} is not read: did you mean ${meant}?`]);
  });

  test('is nothing where the right one is set too, or where the name means something else', () => {
    const { warnings } = loadConfig({
      ...TEST,
      RETURN_URL: 'https://www.example.com',
      RETURN_URLS: 'https://www.example.com',
      HOSTNAME: 'pod-1',
      HOME: '/root',
      PATH: '/bin',
      POST: 'x',
      DATABASE_PASSWORD: 'x',
      AWS_ACCESS_KEY_ID: 'x',
      REDIS_SERVICE_HOST: '10.0.0.7',
      REDIS_PORT_6379_TCP_ADDR: '10.0.0.7',
    });
    expect(warnings).toEqual([]);
  });

  test('is no setting where Kubernetes made it for another service: SANDBOX_PORT is an address there', () => {
    const config = loadConfig({ ...PRODUCTION, SANDBOX_PORT: 'tcp://10.96.0.7:3001' });
    expect(config.warnings).toEqual([]);
    expect(config.sandbox.enabled).toBe(false);
  });
});

describe('a secret from a file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wechat-auth-config-'));
    writeFileSync(join(folder, 'apps'), 'wxa:from-file\n');
    writeFileSync(join(folder, 'bad'), 'hunter2\n');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('is read without the line break at its end', () => {
    const config = loadConfig({ ...TEST, WECHAT_WEBSITES_FILE: join(folder, 'apps') });
    expect(config.wechat.apps).toContainEqual({ kind: 'website', appId: 'wxa', secret: 'from-file' });
  });

  test('is a fault where the file is away, holds rubbish, or the variable is set beside it', () => {
    const name = 'WECHAT_WEBSITES';
    const cases = [
      { [`${name}_FILE`]: join(folder, 'hunter2-away') },
      { [`${name}_FILE`]: join(folder, 'bad') },
      { [`${name}_FILE`]: join(folder, 'apps'), [name]: 'wxb:hunter2' },
    ];
    for (const source of cases) {
      const faults = faultsOf({ ...TEST, ...source });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(/^WECHAT_WEBSITES(_FILE)? /);
      expect(faults[0]).not.toContain('hunter2');
    }
  });

  test('is not looked for where the variable holds no secret', () => {
    expect(loadConfig({ ...TEST, PORT_FILE: join(folder, 'bad') }).port).toBe(3000);
  });
});

describe('the message push', () => {
  const WECHAT_PUSH_TOKEN = 'hunter2';
  const WECHAT_PUSH_AES_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';

  test('is closed, plain with a token, encrypted with a key of 32 bytes', () => {
    expect(loadConfig(TEST).wechat.push).toBeNull();
    expect(loadConfig({ ...TEST, WECHAT_PUSH_TOKEN }).wechat.push).toEqual({
      token: 'hunter2',
      aesKey: null,
    });
    const { push } = loadConfig({ ...TEST, WECHAT_PUSH_TOKEN, WECHAT_PUSH_AES_KEY }).wechat;
    expect(push?.aesKey).toHaveLength(32);
    // 43 characters encode 258 bits: the last two are unused.
    expect(push?.aesKey?.toString('base64').slice(0, 42)).toBe(WECHAT_PUSH_AES_KEY.slice(0, 42));
  });

  test.each<[string, Source]>([
    ['WECHAT_PUSH_TOKEN', { WECHAT_PUSH_AES_KEY }],
    ['WECHAT_PUSH_TOKEN', { WECHAT_PUSH_TOKEN: 'hunter2 ' }],
    ['WECHAT_PUSH_TOKEN', { WECHAT_PUSH_TOKEN: 'hu' }],
    ['WECHAT_PUSH_TOKEN', { WECHAT_PUSH_TOKEN: 'hunter2'.repeat(5) }],
    ['WECHAT_PUSH_AES_KEY', { WECHAT_PUSH_TOKEN, WECHAT_PUSH_AES_KEY: WECHAT_PUSH_AES_KEY.slice(1) }],
    ['WECHAT_PUSH_AES_KEY', { WECHAT_PUSH_TOKEN, WECHAT_PUSH_AES_KEY: `${WECHAT_PUSH_AES_KEY}=` }],
    ['WECHAT_PUSH_AES_KEY', { WECHAT_PUSH_TOKEN, WECHAT_PUSH_AES_KEY: `+${WECHAT_PUSH_AES_KEY.slice(1)}` }],
  ])('%s has one fault: %j', (name, source) => {
    const faults = faultsOf({ ...TEST, ...source });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name} must `));
    expect(faults[0]).not.toContain('hunter2');
  });

  test('has pairs of single apps and platforms, which need no common one', () => {
    const WECHAT_PUSH_APPS = ` wxa:hunter2 , wxb:hunter3:${WECHAT_PUSH_AES_KEY},`;
    const { push, pushApps } = loadConfig({ ...TEST, WECHAT_PUSH_APPS }).wechat;
    expect(push).toBeNull();
    expect(pushApps.map(({ appId, token, aesKey }) => [appId, token, aesKey?.length])).toEqual([
      ['wxa', 'hunter2', undefined],
      ['wxb', 'hunter3', 32],
    ]);
  });

  test.each([
    ['hunter2', 'must be appid:token or appid:token:aeskey, several separated by commas'],
    [
      `wxa:hunter2:${WECHAT_PUSH_AES_KEY}:x`,
      'must be appid:token or appid:token:aeskey, several separated by commas',
    ],
    [`w x:hunter2`, 'must be appid:token or appid:token:aeskey, several separated by commas'],
    ['wxa:', 'has tokens that must be 3 to 32 letters and digits'],
    ['wxa:hunter-2', 'has tokens that must be 3 to 32 letters and digits'],
    ['wxa:hunter2:', 'has AES keys that must be 43 letters and digits'],
    ['wxa:hunter2:hunter2', 'has AES keys that must be 43 letters and digits'],
    ['wxa:hunter2,wxa:hunter3', 'names an appid twice'],
  ])('refuses the pairs %j and says why', (WECHAT_PUSH_APPS, fault) => {
    expect(faultsOf({ ...TEST, WECHAT_PUSH_APPS })).toEqual([`WECHAT_PUSH_APPS ${fault}`]);
  });
});

describe('production', () => {
  test('is fine with real apps, keys and https', () => {
    const config = loadConfig(PRODUCTION);
    expect(config.sandbox.enabled).toBe(false);
    expect(config.docs).toBe(false);
    expect(config.wechat.apps).toHaveLength(1);
  });

  test.each<[string, Source, string]>([
    ['the sandbox', { SANDBOX: 'on' }, 'SANDBOX'],
    ['missing keys', { ENCRYPTION_KEYS: undefined }, 'ENCRYPTION_KEYS'],
    ['missing apps', { WECHAT_MINI_PROGRAMS: undefined }, 'WECHAT_MINI_PROGRAMS'],
    [
      'a secret of the sandbox',
      { WECHAT_WEBSITES: 'wxa:5a4db0c0de0000000000000000000002' },
      'WECHAT_WEBSITES',
    ],
    ['an AppSecret over plain http', { WECHAT_API_URL: 'http://api.example.com' }, 'WECHAT_API_URL'],
    ['a PUBLIC_URL that is not set', { PUBLIC_URL: undefined }, 'PUBLIC_URL'],
    ['a PUBLIC_URL by http', { PUBLIC_URL: 'http://login.example.com' }, 'PUBLIC_URL'],
    [
      'an origin by http to return to',
      { RETURN_URLS: 'https://a.example.com,http://b.example.com' },
      'RETURN_URLS',
    ],
    [
      'a proxy whose user is not percent-encoded',
      { HTTPS_PROXY: 'http://user:100%@proxy:3128' },
      'HTTPS_PROXY',
    ],
    [
      'a host that only looks like this one',
      { WECHAT_API_URL: 'http://127.0.0.1.example.com' },
      'WECHAT_API_URL',
    ],
  ])('refuses %s', (_what, change, name) => {
    const faults = faultsOf({ ...PRODUCTION, ...change });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(name);
    expect(faults[0]).not.toContain('5a4db0c0de');
  });

  test.each(['http://127.0.0.1:4000', 'http://localhost:4000', 'http://[::1]:4000'])(
    'allows a proxy on the same machine: %s',
    (url) => {
      expect(loadConfig({ ...PRODUCTION, WECHAT_API_URL: url }).wechat.apiUrl).toBe(url);
    },
  );

  test('runs on the machine of a developer by http', () => {
    const config = loadConfig({
      ...PRODUCTION,
      PUBLIC_URL: 'http://localhost:3000',
      RETURN_URLS: 'http://127.0.0.1:5173',
    });
    expect(config).toMatchObject({ publicUrl: 'http://localhost:3000', warnings: [] });
  });

  test('reads the terms, on this machine by http too', () => {
    const urls = { TERMS_URL: 'http://localhost:8080/terms', PRIVACY_URL: 'https://example.com/privacy?v=2' };
    const terms = { termsUrl: urls.TERMS_URL, privacyUrl: urls.PRIVACY_URL };
    expect(loadConfig({ ...PRODUCTION, ...urls }).terms).toEqual(terms);
    expect(loadConfig(PRODUCTION).terms).toEqual({ termsUrl: null, privacyUrl: null });
  });

  test.each([
    ['#07C160', '#07c160'],
    ['#fc0', '#ffcc00'],
    ['FFCC00', '#ffcc00'],
  ])('reads BRAND_COLOR %s', (text, color) => {
    expect(loadConfig({ ...PRODUCTION, BRAND_COLOR: text }).brand.color).toBe(color);
  });

  test('warns of an AppSecret that cannot be one of WeChat, and of a logo that no page shows', () => {
    const { warnings } = loadConfig({
      ...PRODUCTION,
      WECHAT_WEBSITES: 'wxfedcba9876543210:hunter2',
      BRAND_LOGO_URL: 'http://www.example.com/logo.svg',
    });
    expect(warnings.map((line) => line.split(' ')[0])).toEqual(['WECHAT_WEBSITES', 'BRAND_LOGO_URL']);
    expect(warnings.join()).not.toContain('hunter2');
  });

  test('alone is without the sample apps', () => {
    expect(loadConfig(TEST).wechat.apps.map(({ kind }) => kind)).toEqual([
      'mini_program',
      'website',
      'official_account',
    ]);
    expect(loadConfig(PRODUCTION).wechat.apps.map(({ kind }) => kind)).toEqual(['mini_program']);
  });
});
