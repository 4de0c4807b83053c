import { describe, expect, test } from '@jest/globals';
import type { AppConfig } from '../../src/config/app-config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { configFaults } from '../harness/config-faults.js';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const SHOP = 'wx0123456789abcdef';
const BASE = {
  NODE_ENV: 'test',
  ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
  WECHAT_MINI_PROGRAMS: `${SHOP}:theSecret`,
  WECHAT_PUSH_TOKEN: 'tokenOfThePush',
};
const PRODUCTION = { ...BASE, NODE_ENV: 'production', PUBLIC_URL: 'https://auth.example.com' };

function load(environment: Record<string, string>): AppConfig {
  return loadConfig({ ...BASE, ...environment });
}

const faults = (environment: Record<string, string>) => configFaults({ ...BASE, ...environment });

describe('the setting of the push relay', () => {
  test('several receivers of an app in order, signed also where there are no webhooks', () => {
    const environment = {
      WECHAT_PUSH_FORWARD: `${SHOP}=https://u:p%40@a.example.com/x?a=b, ${SHOP}=http://b.example.com`,
      WEBHOOK_SECRET: SECRET,
    };
    const { wechat, webhooks } = load(environment);
    expect(wechat.pushForward).toEqual({
      receivers: [
        { appId: SHOP, url: 'https://u:p%40@a.example.com/x?a=b' },
        { appId: SHOP, url: 'http://b.example.com/' },
      ],
      secrets: [SECRET],
    });
    expect(webhooks).toBeNull();
  });

  test('without it pushes go nowhere', () => {
    expect(load({}).wechat.pushForward).toEqual({ receivers: [], secrets: [] });
  });

  test.each([
    ['no appid', 'https://a.example.com', /^WECHAT_PUSH_FORWARD must be appid=url/],
    ['no URL', `${SHOP}=shop`, /^WECHAT_PUSH_FORWARD must be/],
    ['another scheme', `${SHOP}=ftp://a.example.com`, /^WECHAT_PUSH_FORWARD must be/],
    ['a fragment', `${SHOP}=https://a.example.com/#x`, /^WECHAT_PUSH_FORWARD must be/],
    [
      'a user that cannot be decoded',
      `${SHOP}=https://u%:p@a.example.com`,
      /^WECHAT_PUSH_FORWARD must have %/,
    ],
    ['a URL twice', `${SHOP}=https://a.example.com,${SHOP}=https://a.example.com/`, /names a URL twice/],
    ['an unknown app', 'wxunknown=https://a.example.com', /names an appid that is not configured/],
  ])('%s is one fault that does not repeat the value', (_what, value, fault) => {
    const found = faults({ WECHAT_PUSH_FORWARD: value });
    expect(found).toEqual([expect.stringMatching(fault)]);
    expect(found[0]).not.toContain('example');
  });

  test('the same URL may serve two apps', () => {
    const environment = {
      WECHAT_WEBSITES: 'wxfedcba9876543210:theSecret',
      WECHAT_PUSH_FORWARD: `${SHOP}=https://a.example.com,wxfedcba9876543210=https://a.example.com`,
    };
    expect(faults(environment)).toEqual([]);
  });

  test('its apps need the token of their push: the common one, their own, or that of a platform', () => {
    const environment = { WECHAT_PUSH_TOKEN: '', WECHAT_PUSH_FORWARD: `${SHOP}=https://a.example.com` };
    expect(faults(environment)).toEqual([expect.stringMatching(/^WECHAT_PUSH_FORWARD names an app without/)]);
    for (const app of [SHOP, 'wxPlatform']) {
      const own = `${app}:ownToken:${'k'.repeat(43)}`;
      expect(faults({ ...environment, WECHAT_PUSH_APPS: own })).toEqual([]);
    }
  });

  test('a third-party platform may have receivers of its own', () => {
    const environment = {
      WECHAT_PUSH_APPS: `wxPlatform:ownToken:${'k'.repeat(43)}`,
      WECHAT_PUSH_FORWARD: 'wxPlatform=https://a.example.com',
    };
    expect(faults(environment)).toEqual([]);
  });

  test('a fault of the apps is not reported twice', () => {
    const environment = {
      WECHAT_MINI_PROGRAMS: 'nonsense',
      WECHAT_PUSH_FORWARD: `${SHOP}=https://a.example.com`,
    };
    expect(faults(environment)).toEqual([expect.stringMatching(/^WECHAT_MINI_PROGRAMS/)]);
  });

  test('production forwards to https only, unless on this machine', () => {
    expect(faults({ ...PRODUCTION, WECHAT_PUSH_FORWARD: `${SHOP}=http://a.example.com` })).toEqual([
      'WECHAT_PUSH_FORWARD must be https in production: what people write travels there',
    ]);
    expect(faults({ ...PRODUCTION, WECHAT_PUSH_FORWARD: `${SHOP}=http://127.0.0.1:90/` })).toEqual([]);
  });
});
