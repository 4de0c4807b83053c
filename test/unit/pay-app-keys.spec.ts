import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';

const ENCRYPTION_KEYS = Buffer.alloc(32, 7).toString('base64');
const load = (value: string, more: Readonly<Record<string, string>> = {}) =>
  loadConfig({
    NODE_ENV: 'test',
    ENCRYPTION_KEYS,
    WECHAT_MINI_PROGRAMS: 'wxone:5a4db0c0de0000000000000000000001,wxtwo:5a4db0c0de0000000000000000000002',
    WECHAT_PAY_APP_KEYS: value,
    ...more,
  }).wechat.payAppKeys;

describe('WECHAT_PAY_APP_KEYS', () => {
  test('names an AppKey for each app and env', () => {
    expect(load('wxone:0:Live:Key=+/, wxone:1:sandbox_key ,wxtwo:0:x')).toEqual([
      { appId: 'wxone', env: 0, appKey: 'Live:Key=+/' },
      { appId: 'wxone', env: 1, appKey: 'sandbox_key' },
      { appId: 'wxtwo', env: 0, appKey: 'x' },
    ]);
    expect(load('')).toEqual([]);
  });

  test('may name the mini program of the sandbox where none is configured', () => {
    const keys = load('wx5a4db0c0de000001:1:key', { WECHAT_MINI_PROGRAMS: '' });
    expect(keys).toEqual([{ appId: 'wx5a4db0c0de000001', env: 1, appKey: 'key' }]);
  });

  test.each([
    ['no env', 'wxone:topSecret', /appid:env:AppKey/],
    ['an env that does not exist', 'wxone:2:topSecret', /env 0 \(live\) or 1/],
    ['no AppKey', 'wxone:0:', /appid:env:AppKey/],
    ['a space in it', 'wxone:0:top Secret', /appid:env:AppKey/],
    ['the placeholder of the samples', 'wxone:0:<AppKey>', /placeholder/],
    ['the same twice', 'wxone:0:topSecret,wxone:0:topSecret2', /twice/],
    ['an app that is not configured', 'wxthree:0:topSecret', /not one of the mini programs/],
    ['an official account', 'wx5a4db0c0de000003:0:topSecret', /not one of the mini programs/],
  ])('is a fault with %s, without its value', (_what, value, message) => {
    expect(() => load(value)).toThrow(message);
    expect(() => load(value)).toThrow(/WECHAT_PAY_APP_KEYS/);
    expect(() => load(value)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('topSecret') }),
    );
  });
});
