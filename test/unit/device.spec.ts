import { describe, expect, test } from '@jest/globals';
import { deviceNames } from '../../src/session/device.js';

const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';

describe('the names of a device', () => {
  test.each([
    [`${WINDOWS} Chrome/142.0.0.0 Safari/537.36`, 'Chrome 142', 'Windows 10'],
    [`${WINDOWS} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`, 'Microsoft Edge 142', 'Windows 10'],
    ['Mozilla/5.0 (Windows NT 6.1; rv:115.0) Gecko/20100101 Firefox/115.0', 'Firefox 115', 'Windows 7'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
      'Safari 18',
      'macOS 10',
    ],
    [`${IPHONE} Version/17.5 Mobile/15E148 Safari/604.1`, 'Safari 17', 'iOS 17'],
    [`${IPHONE} Mobile/15E148 MicroMessenger/8.0.50(0x18003231) NetType/WIFI`, 'WeChat', 'iOS 17'],
    [
      `${IPHONE} Mobile/15E148 MicroMessenger/8.0.50(0x18003231) NetType/WIFI miniProgram/wx00`,
      'WeChat mini program',
      'iOS 17',
    ],
    ['curl/8.5.0', null, null],
    ['', null, null],
    [null, null, null],
  ])('%s: %s on %s', (agent, browser, os) => {
    expect(deviceNames(agent)).toEqual({ browser, os });
  });

  test.each([
    'Your account is in danger: tap confirm/1 x',
    'Your account is in danger: tap confirm',
    '系统消息：请点击确认登录/1.0',
    'Mozilla/5.0 (Your account is in danger) Tap Confirm/9',
    'Tap Confirm Version/Call-us.1 Safari/605',
    `${WINDOWS} Chrome/danger.0 Safari/537.36`,
    'Chrome/123456789012345678901234567890',
    'Mozilla/5.0 (Windows NT danger; Your account) Gecko/20100101 Firefox/danger',
    'Mozilla/5.0 (Linux; Android danger-tap-confirm) Chrome/danger',
    'Mozilla/5.0 (iPhone; CPU iPhone OS danger like Mac OS X) Version/danger Safari',
    'Mozilla/5.0 (Tizen danger; SamsungBrowser/danger) Roku/DVP-danger',
    '<script>alert(1)</script>/1.0 (danger)',
    '\u202eriD/1 (x) \u0000danger',
    'constructor/1 __proto__/2',
    `Googlebot/danger PhantomJS/danger ${'a'.repeat(400)}`,
  ])('never hold words of the client: %s', (agent) => {
    for (const name of Object.values(deviceNames(agent))) {
      expect(name ?? 'none').toMatch(/^(none|[A-Za-z][A-Za-z -]{1,30}( (\d{1,4}(\.\d)?|XP|Vista|2000))?)$/);
      expect(name ?? '').not.toMatch(/danger|tap|confirm|account|script|constructor|proto/i);
    }
  });
});
