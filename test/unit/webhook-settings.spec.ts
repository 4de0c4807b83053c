import { describe, expect, test } from '@jest/globals';
import type { AppConfig } from '../../src/config/app-config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { configFaults } from '../harness/config-faults.js';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(24, 6).toString('base64')}`;
const BASE = { NODE_ENV: 'test', ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64') };
const PRODUCTION = {
  ...BASE,
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://auth.example.com',
  WECHAT_MINI_PROGRAMS: 'wx0123456789abcdef:theSecret',
  WEBHOOK_SECRET: SECRET,
};

function load(environment: Record<string, string>): AppConfig {
  return loadConfig({ ...BASE, ...environment });
}

const faults = (environment: Record<string, string>) => configFaults({ ...BASE, ...environment });

describe('the settings of the webhooks', () => {
  test('without them there are none, and events are kept for 180 days', () => {
    expect(load({})).toMatchObject({ webhooks: null, eventRetention: 180 * 86_400 });
    expect(load({ WEBHOOK_SECRET: SECRET }).webhooks).toBeNull();
  });

  test('several URLs, and several secrets while one is being replaced', () => {
    const settings = {
      WEBHOOK_URLS: 'https://shop.example.com/hooks, http://user:word@stock.example.com',
      WEBHOOK_SECRET: `${SECRET}, ${OTHER}`,
      EVENT_RETENTION: '30d',
    };
    expect(load(settings)).toMatchObject({
      webhooks: {
        urls: ['https://shop.example.com/hooks', 'http://user:word@stock.example.com/'],
        secrets: [SECRET, OTHER],
      },
      eventRetention: 30 * 86_400,
    });
  });

  test.each([
    ['no secret', { WEBHOOK_URLS: 'https://a.example.com' }, /^WEBHOOK_SECRET must be set/],
    ['no URL', { WEBHOOK_URLS: 'shop', WEBHOOK_SECRET: SECRET }, /^WEBHOOK_URLS must/],
    [
      'a user that is not percent-encoded',
      { WEBHOOK_URLS: 'https://user:100%@a.example.com', WEBHOOK_SECRET: SECRET },
      /^WEBHOOK_URLS must have %/,
    ],
    ['another scheme', { WEBHOOK_URLS: 'ftp://a.example.com', WEBHOOK_SECRET: SECRET }, /^WEBHOOK_URLS must/],
    [
      'a fragment',
      { WEBHOOK_URLS: 'https://a.example.com/#x', WEBHOOK_SECRET: SECRET },
      /^WEBHOOK_URLS must/,
    ],
    [
      'a URL twice',
      { WEBHOOK_URLS: 'https://a.example.com,https://a.example.com/', WEBHOOK_SECRET: SECRET },
      /^WEBHOOK_URLS names a URL twice/,
    ],
    ['no prefix', { WEBHOOK_SECRET: SECRET.slice(6) }, /^WEBHOOK_SECRET must be whsec_/],
    [
      'a short secret',
      { WEBHOOK_SECRET: `whsec_${Buffer.alloc(23).toString('base64')}` },
      /^WEBHOOK_SECRET must/,
    ],
    ['no base64', { WEBHOOK_SECRET: `whsec_${'%'.repeat(44)}` }, /^WEBHOOK_SECRET must/],
    ['no duration', { EVENT_RETENTION: 'forever' }, /^EVENT_RETENTION must/],
  ])('%s is one fault that names the variable and not its value', (_what, environment, fault) => {
    const found = faults(environment);
    expect(found).toEqual([expect.stringMatching(fault)]);
    for (const value of Object.values(environment)) expect(found[0]).not.toContain(value);
  });

  test('production sends to https only, unless on this machine', () => {
    expect(faults({ ...PRODUCTION, WEBHOOK_URLS: 'http://shop.example.com' })).toEqual([
      'WEBHOOK_URLS must be https in production',
    ]);
    const local = 'https://shop.example.com,http://127.0.0.1:9000/hooks,http://localhost:9000';
    expect(faults({ ...PRODUCTION, WEBHOOK_URLS: local })).toEqual([]);
  });
});
