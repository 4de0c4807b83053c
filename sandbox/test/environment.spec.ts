import { describe, expect, it } from '@jest/globals';
import { readEnvironment } from '../src/environment.js';

describe('the environment of the sandbox', () => {
  it('has defaults that fit the service in development', () => {
    expect(readEnvironment({})).toEqual({
      host: '127.0.0.1',
      port: 3001,
      options: {
        apps: {},
        hosts: [],
        serviceUrl: 'http://localhost:3000',
        servicePublicUrl: 'http://localhost:3000',
        push: { apps: {} },
        payAppKeys: [],
        shopUrl: 'http://localhost:4100',
      },
    });
  });

  it('calls the service where it is told to, which need not be where browsers find it', () => {
    const { options } = readEnvironment({
      PUBLIC_URL: 'https://auth.example.com/wechat/',
      SANDBOX_SERVICE_URL: 'http://127.0.0.1:3000',
    });
    expect(options).toMatchObject({
      serviceUrl: 'http://127.0.0.1:3000',
      servicePublicUrl: 'https://auth.example.com/wechat',
    });
    expect(readEnvironment({ PUBLIC_URL: 'https://auth.example.com' }).options.serviceUrl).toBe(
      'https://auth.example.com',
    );
  });

  it('listens where SANDBOX_HOST says and not where the service does, and knows the names it is called by', () => {
    expect(readEnvironment({ HOST: '0.0.0.0' })).toMatchObject({ host: '127.0.0.1', options: { hosts: [] } });
    const { host, options } = readEnvironment({
      SANDBOX_HOST: '0.0.0.0',
      WECHAT_API_URL: 'http://sandbox:3001',
      WECHAT_OPEN_URL: 'http://localhost:3001',
    });
    expect([host, options.hosts]).toEqual(['0.0.0.0', ['sandbox']]);
    expect(readEnvironment({ SANDBOX_HOST: '192.0.2.7' }).options.hosts).toEqual(['192.0.2.7']);
  });

  it('reads the apps in the service’s own notation', () => {
    const { options } = readEnvironment({ WECHAT_MINI_PROGRAMS: 'wx1:a, wx2:b', WECHAT_WEBSITES: ' ' });
    expect(options.apps).toEqual({
      miniPrograms: [
        { appId: 'wx1', secret: 'a' },
        { appId: 'wx2', secret: 'b' },
      ],
    });
  });

  it('reads the message push in the service’s own notation', () => {
    const aesKey = 'A'.repeat(43);
    const { options } = readEnvironment({
      WECHAT_PUSH_TOKEN: 'T0KEN',
      WECHAT_PUSH_APPS: `wx1:token1, wx2:token2:${aesKey}`,
    });
    const json = { format: 'json' };
    expect(options.push).toEqual({
      all: { ...json, token: 'T0KEN', aesKey: '', mode: 'plain' },
      apps: {
        wx1: { ...json, token: 'token1', aesKey: '', mode: 'plain' },
        wx2: { ...json, token: 'token2', aesKey, mode: 'safe' },
      },
    });
    expect(
      readEnvironment({ WECHAT_PUSH_TOKEN: 'T0KEN', WECHAT_PUSH_AES_KEY: aesKey }).options.push?.all,
    ).toMatchObject({ aesKey, mode: 'safe' });
  });

  it('reads the AppKeys of virtual payment, and where the shop is', () => {
    const { options } = readEnvironment({
      WECHAT_PAY_APP_KEYS: 'wx1:0:live, wx1:1:te:st',
      SANDBOX_SHOP_URL: 'http://127.0.0.1:5000/shop/',
    });
    expect(options.payAppKeys).toEqual([
      { appId: 'wx1', env: 0, appKey: 'live' },
      { appId: 'wx1', env: 1, appKey: 'te:st' },
    ]);
    expect(options.shopUrl).toBe('http://127.0.0.1:5000/shop');
  });

  it('refuses production', () => {
    expect(() => readEnvironment({ NODE_ENV: 'production' })).toThrow(
      /does not start with NODE_ENV=production/,
    );
  });

  it.each([
    ['SANDBOX_PORT', '70000'],
    ['SANDBOX_PORT', '0x50'],
    ['SANDBOX_SERVICE_URL', 'ftp://s3cret'],
    ['PUBLIC_URL', 'localhost:s3cret'],
    ['WECHAT_WEBSITES', 'wx1'],
    ['WECHAT_OFFICIAL_ACCOUNTS', 'wx1:s3cret:x'],
    ['WECHAT_PUSH_APPS', 'wx1'],
    ['WECHAT_PAY_APP_KEYS', 'wx1:2:s3cret'],
    ['WECHAT_PAY_APP_KEYS', 'wx1:s3cret'],
    ['SANDBOX_SHOP_URL', 's3cret'],
    ['WECHAT_PUSH_APPS', 'wx1:token:s3cret'],
  ])('names a bad %s and not its value', (name, value) => {
    expect(() => readEnvironment({ [name]: value })).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(new RegExp(`^${name} must be (?!.*s3cret)`)),
      }),
    );
  });
});
