import { describe, expect, test } from '@jest/globals';
import { acknowledgement, isTaken, retryPlan } from '../../src/wechat-events/push-answer.js';
import { type Push, readPush } from '../../src/wechat-events/push-message.js';

const json = (fields: Readonly<Record<string, unknown>>): Push => readPush(JSON.stringify(fields));
const event = (Event: string): Push => json({ MsgType: 'event', Event });
const xml = (Event: string): Push =>
  readPush(`<xml><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[${Event}]]></Event></xml>`);
const answered = (body: string, status = 200) => ({ status, contentType: null, body: Buffer.from(body) });

describe('how WeChat repeats', () => {
  test.each([
    ['xpay_goods_deliver_notify', 'until-taken'],
    ['XPAY_COIN_PAY_NOTIFY', 'until-taken'],
    ['minigame_h5_goods_deliver_notify', 'until-taken'],
    ['xpay_subscribe_ios_refund_query_notify', 'question'],
    ['user_authorization_revoke', 'three-tries'],
    ['subscribe', 'three-tries'],
  ])('%s: %s', (name, plan) => {
    expect(retryPlan(event(name))).toBe(plan);
  });

  test('a message three times, whatever its text says', () => {
    expect(retryPlan(json({ MsgType: 'text', Event: 'xpay_refund_notify' }))).toBe('three-tries');
  });
});

describe('what acknowledges', () => {
  test.each([
    [event('subscribe'), 'text/plain; charset=utf-8', 'success'],
    [xml('subscribe'), 'text/plain; charset=utf-8', 'success'],
    [event('xpay_refund_notify'), 'application/json; charset=utf-8', '{"ErrCode":0,"ErrMsg":"success"}'],
    [
      xml('xpay_refund_notify'),
      'text/xml; charset=utf-8',
      '<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>',
    ],
  ])('in the format of the push', (push, contentType, text) => {
    const answer = acknowledgement(push);
    expect([answer.status, answer.contentType, answer.body.toString()]).toEqual([200, contentType, text]);
    expect(isTaken(push, answer)).toBe(true);
  });
});

describe('what counts as taken', () => {
  test('of messages and ordinary events: the status, not the body', () => {
    for (const push of [event('subscribe'), json({ MsgType: 'text' })]) {
      for (const body of ['success', '', '<xml></xml>', '{"errcode":1}', 'oops'])
        expect(isTaken(push, answered(body))).toBe(true);
      for (const status of [201, 204, 302, 404, 500])
        expect(isTaken(push, answered('success', status))).toBe(false);
    }
  });

  test.each([
    ['{"ErrCode":0,"ErrMsg":"success"}', true],
    ['{ "ErrCode": "0" }', true],
    ['\uFEFF<xml>\n<ErrCode>0</ErrCode></xml>', true],
    ['<xml><ErrCode><![CDATA[0]]></ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>', true],
    ['{"ErrCode":1,"ErrMsg":"success"}', false],
    ['{"ErrCode":0.5}', false],
    ['{"ErrCode":{"ErrCode":0}}', false],
    ['<xml><ErrCode>00</ErrCode></xml>', false],
    ['<xml><Encrypt><![CDATA[x]]></Encrypt><MsgSignature>y</MsgSignature></xml>', false],
    ['{"Encrypt":"x","MsgSignature":"y"}', false],
    ['success', false],
    ['', false],
    ['{"ErrCode":0', false],
  ])('of a notice of payment: %s is %s', (body, taken) => {
    for (const push of [event('xpay_goods_deliver_notify'), xml('minigame_coin_deliver_completed')]) {
      expect(isTaken(push, answered(body))).toBe(taken);
      expect(isTaken(push, answered(body, 500))).toBe(false);
    }
  });

  test('of an event of a third-party platform: the word itself', () => {
    const push = json({ AppId: 'wx1', InfoType: 'component_verify_ticket' });
    expect(isTaken(push, answered('success'))).toBe(true);
    expect(isTaken(push, answered('SUCCESS'))).toBe(false);
    expect(isTaken(push, answered(''))).toBe(false);
  });
});
