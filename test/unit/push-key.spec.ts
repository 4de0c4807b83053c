import { describe, expect, test } from '@jest/globals';
import { personOf, pushKey } from '../../src/wechat-events/push-key.js';
import { readPush } from '../../src/wechat-events/push-message.js';

const APP = 'wx5a4db0c0de000001';
const OTHER_APP = 'wx5a4db0c0de000002';
/** WeChat's own account, the sender of its notices. */
const SERVICE = 'oWeChatsOwnAccount';

type Fields = Readonly<Record<string, unknown>>;

const keyOf = (body: Fields | string, appId = APP): string =>
  pushKey(appId, readPush(typeof body === 'string' ? body : JSON.stringify(body)));

/** How many different pushes these are. */
const count = (...pushes: readonly (Fields | string)[]): number =>
  new Set(pushes.map((push) => keyOf(push))).size;

const event = (name: string, fields: Fields = {}): Fields => ({
  ToUserName: 'gh_870882ca4b1f',
  FromUserName: SERVICE,
  CreateTime: 1714037059,
  MsgType: 'event',
  Event: name,
  ...fields,
});

const message = (msgId: string, from = 'oA'): string =>
  `{"ToUserName":"gh_1","FromUserName":"${from}","CreateTime":1714037059,"MsgType":"text","Content":"a","MsgId":${msgId}}`;

describe('messages', () => {
  test('are told apart by every digit of a MsgId of 64 bits, a bare number in JSON', () => {
    expect(count(message('9223372036854775806'), message('9223372036854775807'))).toBe(2);
    expect(readPush(message('9223372036854775807')).fields.get('MsgId')).toBe('9223372036854775807');
    expect(count(message('6054768590064713728'), message('"6054768590064713728"'))).toBe(1);
  });

  test('are the same in JSON and XML, and at each try', () => {
    const xml =
      '<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA]]></FromUserName><CreateTime>1714037059</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[a]]></Content><MsgId>6054768590064713728</MsgId><Encrypt><![CDATA[x]]></Encrypt></xml>';
    expect(count(xml, xml.replace('[x]', '[y]'), message('6054768590064713728'))).toBe(1);
  });

  test('of another person, or to another app, are others', () => {
    expect(count(message('1'), message('1', 'oB'))).toBe(2);
    expect(keyOf(message('1'), OTHER_APP)).not.toBe(keyOf(message('1')));
  });

  test('without a MsgId are told apart by what they say', () => {
    const text = { FromUserName: 'oA', CreateTime: 1, MsgType: 'text', Content: 'a' };
    expect(count(text, { ...text, Content: 'b' }, { ...text })).toBe(2);
  });
});

describe('notices of virtual payment', () => {
  const order = (OutTradeNo: string, fields: Fields = {}) =>
    event('xpay_goods_deliver_notify', { OpenId: 'oA', OutTradeNo, Env: 0, RetryTimes: 0, ...fields });

  test('of two orders in one second are two', () => {
    expect(count(order('order_1'), order('order_2'))).toBe(2);
  });

  test('are one at each try, though RetryTimes and the rest change', () => {
    expect(
      count(
        order('order_1'),
        order('order_1', { RetryTimes: 1 }),
        order('order_1', { RetryTimes: 2, CreateTime: 1714037063, Encrypt: 'x' }),
        order('order_1', { WeChatPayInfo: { MchOrderNo: '1', PaidTime: 1 } }),
      ),
    ).toBe(1);
  });

  test('of the live and the sandbox environment, and of two events, are two', () => {
    expect(count(order('order_1'), order('order_1', { Env: 1 }))).toBe(2);
    expect(count(order('order_1'), order('order_1', { Event: 'xpay_coin_pay_notify' }))).toBe(2);
  });

  test('of two refunds of one order, and of a refund that failed and then did not, are each their own', () => {
    const refund = (MchRefundId: string, RetCode: number, RetryTimes = 0) =>
      event('xpay_refund_notify', { OpenId: 'oA', MchOrderId: 'o', MchRefundId, RetCode, RetryTimes });
    expect(count(refund('r1', 1), refund('r2', 0), refund('r1', 0), refund('r1', 0, 7))).toBe(3);
  });

  test('of a kind whose numbers are unknown are told apart by all else', () => {
    const signing = (contract: string, RetryTimes: number) =>
      event('xpay_subscribe_signing_result_notify', {
        OpenId: 'oA',
        Contract: { Id: contract },
        RetryTimes,
        CreateTime: 1714037059 + RetryTimes,
      });
    expect(count(signing('c1', 0), signing('c1', 1), signing('c2', 0))).toBe(2);
  });
});

describe('other events', () => {
  test('of one sender and second are told apart by what they say', () => {
    const check = (trace: string) => event('wxa_media_check', { trace_id: trace, result: { label: 100 } });
    expect(count(check('1'), check('2'), check('1'))).toBe(2);
    const shipping = (fields: Fields) => event('trade_manage_remind_shipping', fields);
    expect(count(shipping({ transaction_id: 1 }), shipping({ transaction_id: 2 }))).toBe(2);
    const revoke = (OpenID: string) => event('user_authorization_revoke', { OpenID });
    expect(count(revoke('oA'), revoke('oB'))).toBe(2);
  });

  test('are the same however they are encrypted, laid out and ordered', () => {
    const subscribed = event('subscribe', { FromUserName: 'oA', EventKey: 'qrscene_1' });
    const reversed = Object.fromEntries(Object.entries(subscribed).reverse());
    const spaced = Object.fromEntries(Object.entries(subscribed).map(([name, value]) => [` ${name}`, value]));
    expect(count(subscribed, { ...subscribed, Encrypt: 'x' }, reversed, spaced)).toBe(1);
    expect(keyOf(JSON.stringify(subscribed, null, 2))).toBe(keyOf(subscribed));
  });

  test('differ by a List of one entry, an object, and one of several, an array', () => {
    const popup = (List: unknown) => event('subscribe_msg_popup_event', { FromUserName: 'oA', List });
    const entry = { TemplateId: 't', SubscribeStatusString: 'reject' };
    expect(count(popup(entry), popup([entry, entry]), popup([entry, { ...entry, TemplateId: 'u' }]))).toBe(3);
    const xml = (list: string) =>
      `<xml><MsgType>event</MsgType><Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent>${list}</SubscribeMsgPopupEvent></xml>`;
    const one = '<List><TemplateId>t</TemplateId></List>';
    expect(count(xml(one), xml(one + one), xml(one))).toBe(2);
  });

  test('of a third-party platform are told apart by what they say', () => {
    const platform = (AuthorizerAppid: string) => ({ AppId: APP, InfoType: 'unauthorized', AuthorizerAppid });
    expect(count(platform('wxa'), platform('wxb'))).toBe(2);
  });
});

describe('whose pushes stay in order', () => {
  test.each<[string, Fields, string]>([
    ['the sender of a message', { FromUserName: 'oA', MsgType: 'text' }, 'oA'],
    ['the sender of an event', event('unsubscribe', { FromUserName: 'oA' }), 'oA'],
    ['the person of a notice about consent', event('user_info_modified', { OpenID: 'oA' }), 'oA'],
    ['the person of a notice of payment', event('xpay_refund_notify', { OpenId: 'oA' }), 'oA'],
    ['WeChat, where a notice names nobody', event('wxa_media_check'), SERVICE],
    ['nobody, in an event of a platform', { InfoType: 'authorized' }, ''],
  ])('%s', (_, fields, person) => {
    expect(personOf(readPush(JSON.stringify(fields)))).toBe(person);
  });
});
