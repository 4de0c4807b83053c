import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { encryptPush } from '../../../src/wechat/push-crypto.js';
import { type PushRequest, verifyPush } from '../src/index.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const AT = new Date('2026-11-30T08:00:00Z');
const XML = '<xml><Event><![CDATA[xpay_goods_deliver_notify]]></Event><Attach>花</Attach></xml>';
const JSON_TEXT = '{"Event":"xpay_goods_deliver_notify","MsgId":23812345678901234567,"Attach":"花"}';

const AES_KEY = randomBytes(32).toString('base64').slice(0, 43);
const encrypted = (message: string, aesKey = AES_KEY): string =>
  encryptPush(
    message,
    { aesKey: Buffer.from(`${aesKey}=`, 'base64'), appId: 'wx5a4db0c0de000001' },
    randomBytes(16),
  );

/** As wechat-auth passes it on. */
function relayed(body: string, changes: Partial<PushRequest> = {}): PushRequest {
  const headers = {
    'webhook-id': 'push_1',
    'webhook-timestamp': String(AT.getTime() / 1000),
    'webhook-signature': new Webhook(SECRET).sign('push_1', AT, body),
  };
  return { body: Buffer.from(body), headers, secret: SECRET, now: () => AT.getTime(), ...changes };
}

describe('verifyPush', () => {
  test.each([XML, JSON_TEXT, ''])('gives a plain body as WeChat has sent it: %s', (body) => {
    expect(verifyPush(relayed(body))).toEqual({ id: 'push_1', message: body });
  });

  test.each([
    ['another body', { body: XML.replace('花', '草') }, 'WEBHOOK_SIGNATURE_INVALID'],
    ['no signature', { headers: {} }, 'WEBHOOK_HEADERS_INVALID'],
    ['a time long ago', { now: () => AT.getTime() + 301_000 }, 'WEBHOOK_TIMESTAMP_INVALID'],
  ])('refuses a push with %s', (_, changes, code) => {
    expect(() => verifyPush(relayed(XML, changes))).toThrow(expect.objectContaining({ code, status: 401 }));
  });

  test.each([
    ['JSON', JSON.stringify({ ToUserName: 'gh_1', Encrypt: encrypted(JSON_TEXT) }), JSON_TEXT],
    ['XML', `<xml><Encrypt><![CDATA[${encrypted(XML)}]]></Encrypt></xml>`, XML],
    ['XML without CDATA', `<xml>\n<Encrypt>\n${encrypted(XML)}</Encrypt></xml>`, XML],
  ])('opens an encrypted push in %s', (_, body, message) => {
    expect(verifyPush(relayed(body, { aesKey: AES_KEY })).message).toBe(message);
  });

  test('opens the push of a third-party platform that WeChat has published', () => {
    const encrypt =
      'D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg==';
    const { message } = verifyPush(
      relayed(`<xml><Encrypt>${encrypt}</Encrypt></xml>`, { aesKey: 'A'.repeat(43) }),
    );
    expect(message).toHaveLength(292);
    expect(message).toContain('debug_demo');
  });

  test.each([
    ['is plain', JSON_TEXT],
    ['is nothing', ''],
    ['is broken', '{"Encrypt":'],
    ['has another Encrypt', '{"Encrypt":7}'],
    ['has half a block', '{"Encrypt":"AAAA"}'],
    ['is random', JSON.stringify({ Encrypt: Buffer.alloc(64, 7).toString('base64') })],
    ['is encrypted with another key', JSON.stringify({ Encrypt: encrypted(JSON_TEXT, 'B'.repeat(43)) })],
  ])('refuses, where it has a key, a body that %s', (_, body) => {
    expect(() => verifyPush(relayed(body, { aesKey: AES_KEY }))).toThrow(
      expect.objectContaining({ code: 'WEBHOOK_BODY_INVALID', status: 401 }),
    );
  });

  test('names a key that is none', () => {
    expect(() => verifyPush(relayed(XML, { aesKey: 'short' }))).toThrow(
      expect.objectContaining({ code: 'OPTIONS_INVALID' }),
    );
  });
});
