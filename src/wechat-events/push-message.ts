import { XMLParser } from 'fast-xml-parser';
import { AppError } from '../common/app-error.js';
import { jsonTextFault } from '../http/json-depth.js';
import { parseJson } from '../wechat/wechat-text.js';

/** The top-level fields of a push by name. Only non-empty text and integers are included. */
export type PushFields = ReadonlyMap<string, string>;

/**
 * The fields of a push that this service reads (wechat-api.md sections 6.2, 6.5); `null` if absent or empty.
 */
export interface PushMessage {
  /** In lower case, because WeChat's own documentation varies. `null` for messages, which are no events. */
  readonly event: string | null;
  readonly appId: string | null;
  /** The person that an event of section 6.5 concerns. */
  readonly openId: string | null;
  /** The sender: a person or WeChat's push service. */
  readonly fromUserName: string | null;
  /** Unix seconds, as sent. */
  readonly createTime: string | null;
  readonly revokeInfo: string | null;
}

const MAX_DEPTH = 16;
/** Far more than any push contains. More tags would block the parser for long. */
const MAX_TAGS = 1_000;
/** The parser needs quadratic time in the number of CDATA sections. */
const MAX_CDATA = 300;
/** A tag, or a `<` that starts no tag. */
const TAG = /<(\/?)([A-Za-z_][\w.-]*)(\/?)>|</g;

/**
 * Reads the fields of a body, as XML or JSON by its first character: WeChat's content types are unreliable.
 * Names are trimmed, because the official JSON sample has names with a leading space. Entities are not
 * decoded.
 * @throws AppError PUSH_MALFORMED, also for DOCTYPE, comments and other markup that a push never has
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

/** Builds a push from its fields. */
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
  // The parser alone would accept almost any text.
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
  // Anybody can send a body. In encrypted mode the signature can be checked only after the body was parsed.
  if (jsonTextFault(text) !== null) throw new AppError('PUSH_MALFORMED');
  return members(() => parseJson(text));
}

function members(read: () => unknown): object {
  let value: unknown;
  try {
    value = read();
  } catch {
    // Dropped, because the parser's message quotes the text.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AppError('PUSH_MALFORMED');
  return value;
}

/** Whether the markup consists only of correctly nested tags without attributes. */
function isPlainTree(markup: string): boolean {
  const open: string[] = [];
  let tags = 0;
  for (const [, end, name, empty] of markup.replace(/^<\?xml [^<>]*>/, '').matchAll(TAG)) {
    if (name === undefined || ++tags > MAX_TAGS) return false;
    if (end === '/' ? open.pop() !== name : empty === '' && open.push(name) > MAX_DEPTH) return false;
  }
  return tags > 0 && open.length === 0;
}

/**
 * CDATA holds user text, which may contain anything. It is replaced by a space, so that its neighbours are
 * not joined.
 */
function withoutCdata(xml: string): string {
  const [before = '', ...sections] = xml.split('<![CDATA[');
  return [before, ...sections.map((section) => section.split(']]>').slice(1).join(']]>'))].join(' ');
}
