const CONTROLS = /\p{Cc}/gu;

/** Text of WeChat, which is UTF-8: what is none becomes U+FFFD, a byte-order mark is dropped. */
export function readText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes);
}

/**
 * Parses JSON of WeChat. It writes nicknames into strings as they are: with raw control characters, which JSON does
 * not allow. Those are dropped; between two tokens they are only white space.
 * @throws SyntaxError for what is no JSON all the same; its message quotes the text
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
