import { rawJson } from '../web/raw-json.js';

/** XML or JSON, as the account is configured at WeChat. */
export const FORMATS = ['xml', 'json'] as const;
export type PushFormat = (typeof FORMATS)[number];

/** A value of a push. Numbers stay numbers in JSON, a bigint too, beyond what JavaScript reads exactly. */
export type PushValue = string | number | bigint | readonly PushValue[] | PushFields;

/** The fields of a push in their order. */
export interface PushFields {
  readonly [name: string]: PushValue;
}

/** The fields as a body. In XML, text is in CDATA, and a list is its element repeated (section 15.5). */
export function writeFields(fields: PushFields, format: PushFormat): string {
  if (format === 'json') return json(fields);
  return ['<xml>', ...elements(fields), '</xml>'].join('\n');
}

/** Whether a value that came as JSON can be pushed. */
export function isPushValue(value: unknown): value is PushValue {
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isPushValue);
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isPushValue);
  return typeof value === 'string';
}

function json(value: PushValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return rawJson(value);
  if (isList(value)) return `[${value.map(json).join(',')}]`;
  return `{${Object.entries(value)
    .map(([name, inner]) => `${rawJson(name)}:${json(inner)}`)
    .join(',')}}`;
}

function elements(fields: PushFields): string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    (isList(value) ? value : [value]).map((each) => `<${name}>${xml(each)}</${name}>`),
  );
}

function xml(value: PushValue): string {
  if (typeof value === 'string') return `<![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
  if (typeof value !== 'object') return value.toString();
  return isList(value) ? value.map(xml).join('') : elements(value).join('');
}

function isList(value: PushValue): value is readonly PushValue[] {
  return Array.isArray(value);
}
