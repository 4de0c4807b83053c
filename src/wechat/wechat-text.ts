const CONTROLS = /\p{Cc}/gu;
const UTF8 = new TextDecoder('utf-8');

/** Decodes UTF-8 text from WeChat. Invalid bytes become U+FFFD; a byte-order mark is removed. */
export function readText(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

/**
 * Parses JSON from WeChat. WeChat does not escape control characters in nicknames, which JSON forbids, so
 * they are removed. Between two tokens they are only white space.
 * @param parse the parser, where not that of JavaScript
 * @throws SyntaxError if the text is still not JSON; the message quotes the text
 */
export function parseJson(text: string, parse: (text: string) => unknown = parsePlainJson): unknown {
  const plain = text.replace(/^\uFEFF/, '');
  try {
    return parse(plain);
  } catch (error) {
    const cleaned = plain.replace(CONTROLS, '');
    if (cleaned.length === plain.length) throw error;
    return parse(cleaned);
  }
}

function parsePlainJson(text: string): unknown {
  return JSON.parse(text);
}
