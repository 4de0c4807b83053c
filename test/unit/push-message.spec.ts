import { describe, expect, test } from '@jest/globals';
import { readPushFields } from '../../src/wechat-events/push-fields.js';
import { toPushMessage } from '../../src/wechat-events/push-message.js';

const malformed = expect.objectContaining({ code: 'PUSH_MALFORMED' }) as unknown as Error;
const reading = (body: string) => () => readPushFields(body);
const nested = (depth: number): string => `<xml>${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}</xml>`;

describe('XML', () => {
  test('fields are texts, with and without CDATA, and entities stay as they stand', () => {
    const fields = readPushFields(
      '\uFEFF<?xml version="1.0" encoding="utf-8"?>\n<xml><A><![CDATA[x<y & z]]></A><CreateTime>0012</CreateTime><B>&lt;&a;</B><C></C><D/><E> t </E></xml>\n',
    );
    expect([...fields]).toEqual([
      ['A', 'x<y & z'],
      ['CreateTime', '0012'],
      ['B', '&lt;&a;'],
      ['E', 't'],
    ]);
  });

  test('what people write may look like markup', () => {
    const text = '<!DOCTYPE html><!-- ]] > --><b attribute="x">';
    const body = `<xml><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${text}]]></Content></xml>`;
    expect(readPushFields(body).get('Content')).toBe(text);
  });

  test('nested fields are no fields of the first level', () => {
    const fields = readPushFields('<xml><List><OpenID>oA</OpenID></List><OpenID>oB</OpenID></xml>');
    expect([...fields]).toEqual([['OpenID', 'oB']]);
    expect(readPushFields(nested(12)).size).toBe(0);
  });

  test('a field that comes twice is none', () => {
    expect(readPushFields('<xml><OpenID>oA</OpenID><OpenID>oB</OpenID></xml>').size).toBe(0);
  });

  test.each([
    ['DOCTYPE', '<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>&a;</A></xml>'],
    ['doctype in small letters', '<!doctype xml><xml><A>1</A></xml>'],
    ['a comment', '<xml><!-- x --><A>1</A></xml>'],
    ['an attribute', '<xml><A b="c">1</A></xml>'],
    ['a processing instruction', '<xml><?x y?><A>1</A></xml>'],
    ['a tag that is not closed', '<xml><A>1</xml>'],
    ['tags closed crosswise', '<xml><A><B>1</A></B></xml>'],
    ['another tag closed', '<xml><A>1</B></xml>'],
    ['an end without a beginning', '</xml>'],
    ['a body cut off', '<xml><OpenID>oA'],
    ['CDATA cut off', '<xml><A><![CDATA[1</A></xml>'],
    ['CDATA within a name', '<xml><O<![CDATA[x]]>penID>oA</OpenID></xml>'],
    ['another root', '<html><A>1</A></html>'],
    ['two roots', '<xml><A>1</A></xml><xml><A>2</A></xml>'],
    ['no field', '<xml></xml>'],
    ['text alone', '<'],
    ['a name of JavaScript', '<xml><__proto__>1</__proto__></xml>'],
    ['tags nested too deep', nested(17)],
    ['tags nested far too deep', nested(9_000)],
    ['too many tags', `<xml>${'<a/>'.repeat(1_000)}</xml>`],
    ['beginnings alone', '<'.repeat(65_000)],
    ['CDATA beginnings alone', '<![CDATA['.repeat(7_000)],
    ['names without an end', '<a'.repeat(32_000)],
  ])('%s is refused', (_, body) => {
    expect(reading(body)).toThrow(malformed);
  });
});

describe('JSON', () => {
  test('names are trimmed, whole numbers are texts, everything else is left out', () => {
    const fields = readPushFields(
      '{ " OpenID": " oA ", "CreateTime": 1627359464, "List": {"Event": "x"}, "n": null, "e": "", "f": 1.5, "t": true }',
    );
    expect([...fields]).toEqual([
      ['OpenID', 'oA'],
      ['CreateTime', '1627359464'],
    ]);
  });

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a list', '[{"OpenID":"oA"}]'],
    ['a string', '"x"'],
    ['null', 'null'],
    ['a body cut off', '{"OpenID":"oA"'],
    ['a name that comes twice once trimmed', '{"OpenID":"oA"," OpenID":"oB"}'],
    ['lists nested deep', '['.repeat(60_000)],
    ['objects nested deep', '{"a":'.repeat(12_000)],
  ])('%s is refused', (_, body) => {
    expect(reading(body)).toThrow(malformed);
  });
});

describe('a push', () => {
  test('names its person in both spellings of WeChat', () => {
    const openIdOf = (fields: Record<string, string>) =>
      toPushMessage(new Map(Object.entries(fields))).openId;
    expect(openIdOf({ OpenID: 'oA' })).toBe('oA');
    expect(openIdOf({ OpenId: 'oA' })).toBe('oA');
    expect(openIdOf({ openid: 'oA' })).toBeNull();
    expect(openIdOf({ OpenId: 'oB', OpenID: 'oA' })).toBe('oA');
  });

  test('is an event only if MsgType says so', () => {
    const event = { Event: 'user_info_modified', OpenID: 'oA' };
    expect(toPushMessage(new Map(Object.entries({ ...event, MsgType: 'event' }))).event).toBe(
      'user_info_modified',
    );
    expect(toPushMessage(new Map(Object.entries({ ...event, MsgType: 'text' }))).event).toBeNull();
    expect(toPushMessage(new Map())).toEqual({
      event: null,
      appId: null,
      openId: null,
      fromUserName: null,
      createTime: null,
      revokeInfo: null,
    });
  });
});
