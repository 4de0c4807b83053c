import { XMLParser } from 'fast-xml-parser';
import { AppError } from '../common/app-error.js';
import { jsonTextFault } from '../http/json-depth.js';
import { parseJson } from '../wechat/wechat-text.js';

/** The fields of a push by name: those of the first level that hold text or a whole number, none of them empty. */
export type PushFields = ReadonlyMap<string, string>;

/** A push of WeChat as far as this service reads it (wechat-api.md sections 6.2, 6.5); `null` is absent or empty. */
export interface PushMessage {
  /** In lower case: WeChat's own tables and samples differ in it. `null` for messages, which are no events. */
  readonly event: string | null;
  readonly appId: string | null;
  /** The person an event of section 6.5 is about. */
  readonly openId: string | null;
  /** The sender: a person, or WeChat's push service. */
  readonly fromUserName: string | null;
  /** Unix seconds, as sent. */
  readonly createTime: string | null;
  readonly revokeInfo: string | null;
}

const MAX_DEPTH = 16;
/** Far more than any push has; what is longer would keep the parser busy. */
const MAX_TAGS = 1_000;
/** The parser takes time with the square of their number. */
const MAX_CDATA = 300;
/** A tag, or a `<` that begins none. */
const TAG = /<(\/?)([A-Za-z_][\w.-]*)(\/?)>|</g;

/**
 * The fields of a body, XML or JSON by its first character: WeChat's content types cannot be relied on. Names are
 * trimmed, since the official JSON sample has some with a leading space; entities are left as they stand.
 * @throws AppError PUSH_MALFORMED, also for DOCTYPE, comments and whatever else a push never has
 */
export function readPushFields(body: string): PushFields {
  const trimmed = body.replace(/^\uFEFF/, '').trim();
  const read = trimmed.startsWith('<') ? xmlMembers(trimmed) : jsonMembers(trimmed);
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(read)) {
    const name = key.trim();
    if (fields.has(name)) throw new AppError('PUSH_MALFORMED');
    const text = typeof value === 'string' || Number.isSafeInteger(value) ? String(value).trim() : '';
    if (text !== '') fields.set(name, text);
  }
  return fields;
}

/** A push from its fields. */
export function toPushMessage(fields: PushFields): PushMessage {
  const field = (name: string): string | null => fields.get(name) ?? null;
  return {
    event: field('MsgType')?.toLowerCase() === 'event' ? (field('Event')?.toLowerCase() ?? null) : null,
    appId: field('AppID'),
    openId: field('OpenID'),
    fromUserName: field('FromUserName'),
    createTime: field('CreateTime'),
    revokeInfo: field('RevokeInfo'),
  };
}

function xmlMembers(text: string): object {
  // The parser alone would make something of almost anything.
  if (text.split('<![CDATA[', MAX_CDATA + 2).length > MAX_CDATA + 1 || !isPlainTree(withoutCdata(text)))
    throw new AppError('PUSH_MALFORMED');
  const parser = new XMLParser({
    parseTagValue: false,
    processEntities: false,
    ignoreDeclaration: true,
    maxNestedTags: MAX_DEPTH,
  });
  const root = members(() => parser.parse(text) as unknown);
  return members(() => ('xml' in root ? root.xml : null));
}

function jsonMembers(text: string): object {
  // Anybody can send a body; in the encrypted mode its signature is known only after it has been read.
  if (jsonTextFault(text) !== null) throw new AppError('PUSH_MALFORMED');
  return members(() => parseJson(text));
}

function members(read: () => unknown): object {
  let value: unknown;
  try {
    value = read();
  } catch {
    // The parser's message quotes the text.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AppError('PUSH_MALFORMED');
  return value;
}

/** Whether tags without attributes, each closed in its turn, are all the markup there is. */
function isPlainTree(markup: string): boolean {
  const open: string[] = [];
  let tags = 0;
  for (const [, end, name, empty] of markup.replace(/^<\?xml [^<>]*>/, '').matchAll(TAG)) {
    if (name === undefined || ++tags > MAX_TAGS) return false;
    if (end === '/' ? open.pop() !== name : empty === '' && open.push(name) > MAX_DEPTH) return false;
  }
  return tags > 0 && open.length === 0;
}

/** What people write stands in CDATA and may hold anything; a space in its place joins nothing. */
function withoutCdata(xml: string): string {
  const [before = '', ...sections] = xml.split('<![CDATA[');
  return [before, ...sections.map((section) => section.split(']]>').slice(1).join(']]>'))].join(' ');
}
