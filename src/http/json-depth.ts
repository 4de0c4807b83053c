/** Maximum nesting of JSON (RFC 8259 section 9 allows such a limit). */
export const MAX_JSON_DEPTH = 64;

/**
 * Whether parsed JSON is nested deeper than {@link MAX_JSON_DEPTH}. The parser handles any depth. Code that
 * validates, copies or serializes the value is recursive and would overflow the stack.
 */
export function isTooDeep(value: unknown): boolean {
  return isContainer(value) && holdsLevels(value, MAX_JSON_DEPTH);
}

/** Whether a container holds at least so many further levels. It looks no deeper, so the stack suffices. */
function holdsLevels(container: object, levels: number): boolean {
  if (levels === 0) return true;
  for (const member of Object.values(container) as unknown[]) {
    if (isContainer(member) && holdsLevels(member, levels - 1)) return true;
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * Maximum number of values in a JSON body: members, elements and nested values. No route needs a tenth of it.
 */
export const MAX_JSON_VALUES = 500;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Checks the size of JSON text before it is parsed: the parser needs 30 ms for 15,000 members, and code that
 * copies and validates them needs quadratic time.
 * @returns `deep` above {@link MAX_JSON_DEPTH} levels, `many` above {@link MAX_JSON_VALUES} values, otherwise
 * `null`, also for text that is not JSON, which the parser refuses
 */
export function jsonTextFault(text: string): 'deep' | 'many' | null {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MAX_JSON_DEPTH) return 'deep';
        if (++values > MAX_JSON_VALUES) return 'many';
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x2c: // ,
        if (++values > MAX_JSON_VALUES) return 'many';
        break;
    }
  }
  return null;
}

/** @param start index of the opening quote @returns index of the closing quote */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
