const CONTROLS = /\p{Cc}/gu;

/** Decodes UTF-8 text from WeChat. Invalid bytes become U+FFFD; a byte-order mark is removed. */
export function readText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes);
}

/**
 * Parses JSON from WeChat. WeChat does not escape control characters in nicknames, which JSON forbids, so
 * they are removed. Between two tokens they are only white space.
 * @throws SyntaxError if the text is still not JSON; the message quotes the text
 */
export function parseJson(text: string): unknown {
  const plain = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(plain);
  } catch (error) {
    const cleaned = plain.replace(CONTROLS, '');
    if (cleaned.length === plain.length) throw error;
    return JSON.parse(cleaned);
  }
}
