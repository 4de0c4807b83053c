/** The deepest nesting that is read (RFC 8259 section 9 lets a parser have such a limit). */
export const MAX_JSON_DEPTH = 64;

/**
 * Whether parsed JSON is nested deeper than {@link MAX_JSON_DEPTH} arrays and objects. The parser itself copes with
 * any depth; what validates, copies or writes the value afterwards calls itself for each level and runs out of stack.
 */
export function isTooDeep(value: unknown): boolean {
  // Level by level, not by recursion, which would run out of stack itself.
  let level = [value].filter(isContainer);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) return true;
    level = level.flatMap((container) => Object.values(container)).filter(isContainer);
  }
  return false;
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** How many values the JSON of a body may hold: members, elements, and what is in them. No route reads a tenth of it. */
export const MAX_JSON_VALUES = 500;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * What is wrong with the size of JSON text, found before it is parsed: 15,000 members take the parser 30 ms, and
 * whatever copies and validates them takes time with the square of their number.
 * @returns `deep` beyond {@link MAX_JSON_DEPTH} levels, `many` beyond {@link MAX_JSON_VALUES} values, else `null`; of
 * text that is no JSON as well, which the parser refuses
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

/** @param start of the string's first quote @returns where its last one stands */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
