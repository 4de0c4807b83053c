import { XMLParser } from 'fast-xml-parser';
import { isInteger, parse } from 'lossless-json';
import { AppError } from '../common/app-error.js';
import { jsonTextFault } from '../http/json-depth.js';
import { parseJson } from '../wechat/wechat-text.js';

/** The top-level fields of a push by name. Only non-empty text and integers are included. */
export type PushFields = ReadonlyMap<string, string>;

/** XML or JSON, as the app is configured at WeChat. */
export type PushFormat = 'xml' | 'json';

/** Everything that stands in a push by its trimmed name, nested values too. Integers of JSON are texts. */
export type PushMembers = ReadonlyMap<string, unknown>;

const MAX_DEPTH = 16;
/** Far more than any push contains. More tags would block the parser for long. */
const MAX_TAGS = 1_000;
/** The parser needs quadratic time in the number of CDATA sections. */
const MAX_CDATA = 300;
/** A tag, or a `<` that starts no tag. */
const TAG = /<(\/?)([A-Za-z_][\w.-]*)(\/?)>|</g;

/** The format of a body by its first character: WeChat's content types are unreliable (section 15.5). */
export function formatOf(body: string): PushFormat {
  return plainText(body).startsWith('<') ? 'xml' : 'json';
}

/**
 * Reads a body. Names are trimmed, because the official JSON sample has names with a leading space. Entities
 * are not decoded.
 * @throws AppError PUSH_MALFORMED, also for DOCTYPE, comments and other markup that a push never has
 */
export function readPushMembers(body: string): PushMembers {
  const read = formatOf(body) === 'xml' ? xmlMembers(plainText(body)) : jsonMembers(plainText(body));
  const members = new Map<string, unknown>();
  for (const [key, value] of Object.entries(read)) {
    const name = key.trim();
    if (members.has(name)) throw new AppError('PUSH_MALFORMED');
    members.set(name, value);
  }
  return members;
}

/** The texts and integers among the members, trimmed. */
export function fieldsOf(members: PushMembers): PushFields {
  const fields = new Map<string, string>();
  for (const [name, value] of members) {
    const text = typeof value === 'string' || Number.isSafeInteger(value) ? String(value).trim() : '';
    if (text !== '') fields.set(name, text);
  }
  return fields;
}

/**
 * Reads the fields of a body.
 * @throws AppError PUSH_MALFORMED like {@link readPushMembers}
 */
export function readPushFields(body: string): PushFields {
  return fieldsOf(readPushMembers(body));
}

/** The same; `null` for a body that {@link readPushMembers} refuses. */
export function readableFields(body: string): PushFields | null {
  try {
    return readPushFields(body);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

function plainText(body: string): string {
  return body.replace(/^\uFEFF/, '').trim();
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
  return members(() => parseJson(text, losslessJson));
}

/** `MsgId` has 64 bits, and a number of JavaScript 53 (section 15.3): integers stay as they are written. */
function losslessJson(text: string): unknown {
  return parse(text, null, (digits) => (isInteger(digits) ? digits : Number(digits)));
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
