import { describe, expect, test } from '@jest/globals';
import { pageConfig, pageSignature } from '../../src/wechat/page-signature.js';

/** Vector V10 (wechat-api-2.md section 14.2). */
const V10 = {
  ticket: 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg',
  nonceStr: 'Wm3WZYTPz0wzccnW',
  timestamp: 1414587457,
};

describe('the signature of wx.config', () => {
  test.each([
    ['V10', 'http://mp.weixin.qq.com?params=value', '0f9de62fce790f9a083d5c99e95740ceb90c27ed'],
    ['V10b', 'http://mp.weixin.qq.com', 'f4d90daf4b3bca3078ab155816175ba34c443a7b'],
  ])('is that of vector %s', (_name, url, signature) => {
    expect(pageSignature(V10.ticket, V10.nonceStr, V10.timestamp, url)).toBe(signature);
  });

  test('is another for a URL that was serialised again', () => {
    const reserialised = new URL('http://mp.weixin.qq.com?params=value').href;
    expect(reserialised).toBe('http://mp.weixin.qq.com/?params=value');
    expect(pageSignature(V10.ticket, V10.nonceStr, V10.timestamp, reserialised)).not.toBe(
      '0f9de62fce790f9a083d5c99e95740ceb90c27ed',
    );
  });

  test('comes with a time in seconds and a nonce that is new each time', () => {
    const url = 'https://shop.example.com/';
    const [one, two] = [pageConfig(V10.ticket, url, 1_414_587_457_999), pageConfig(V10.ticket, url, 0)];
    expect(one.timestamp).toBe(V10.timestamp);
    expect(one.nonceStr).toMatch(/^[0-9a-f]{32}$/);
    expect(two.nonceStr).not.toBe(one.nonceStr);
    expect(one.signature).toBe(pageSignature(V10.ticket, one.nonceStr, V10.timestamp, url));
  });
});
