import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { verifyPush } from '../src/index.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const AT = new Date('2026-11-30T08:00:00Z');
const XML = '<xml><Event><![CDATA[xpay_goods_deliver_notify]]></Event><Attach>花</Attach></xml>';

/** As wechat-auth passes it on. */
function relayed(body: string) {
  const headers = {
    'webhook-id': 'push_1',
    'webhook-timestamp': String(AT.getTime() / 1000),
    'webhook-signature': new Webhook(SECRET).sign('push_1', AT, body),
  };
  return { body: Buffer.from(body), headers, secret: SECRET, now: () => AT.getTime() };
}

describe('verifyPush', () => {
  test.each([XML, '{"MsgId":23812345678901234567}', ''])(
    'gives the body as WeChat has sent it: %s',
    (body) => {
      expect(verifyPush(relayed(body))).toEqual({ id: 'push_1', body });
    },
  );

  test.each([
    ['another body', { body: XML.replace('花', '草') }, 'WEBHOOK_SIGNATURE_INVALID'],
    ['no signature', { headers: {} }, 'WEBHOOK_HEADERS_INVALID'],
    ['a time long ago', { now: () => AT.getTime() + 301_000 }, 'WEBHOOK_TIMESTAMP_INVALID'],
  ])('refuses a push with %s', (_, changes, code) => {
    expect(() => verifyPush({ ...relayed(XML), ...changes })).toThrow(
      expect.objectContaining({ code, status: 401 }),
    );
  });
});
