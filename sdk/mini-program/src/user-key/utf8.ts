/** The UTF-8 bytes of a text. A mini program has no TextEncoder. @throws URIError for a surrogate that stands alone */
export function utf8BytesOf(text: string): Uint8Array {
  const bytes: number[] = [];
  encodeURIComponent(text).replace(/%(..)|[^]/g, (letter, hex?: string) => {
    bytes.push(hex ? parseInt(hex, 16) : letter.charCodeAt(0));
    return '';
  });
  return new Uint8Array(bytes);
}

/** The text of UTF-8 bytes. @throws URIError where they are no UTF-8 */
export function textOfUtf8(bytes: Uint8Array): string {
  let escaped = '';
  for (const byte of bytes) escaped += `%${(byte + 256).toString(16).slice(1)}`;
  return decodeURIComponent(escaped);
}
