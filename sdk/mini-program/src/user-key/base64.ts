const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Base64url without padding (RFC 4648 section 5). A mini program has neither `btoa` nor `Buffer`. */
export function base64UrlOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second, third] = bytes.subarray(at, at + 3);
    const bits = (first << 16) | ((second || 0) << 8) | (third || 0);
    const letters = [18, 12, 6, 0].map((shift) => ALPHABET[(bits >> shift) & 63]).join('');
    text += letters.slice(0, third !== undefined ? 4 : second !== undefined ? 3 : 2);
  }
  return text;
}

/** The bytes of base64 or base64url; nothing where a text is neither, or not as it is written for these bytes. */
export function bytesOfBase64(text: unknown): Uint8Array | undefined {
  const letters = String(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const bytes = new Uint8Array((letters.length * 3) >> 2);
  let bits = 0;
  for (let at = 0, size = 0, to = 0; at < letters.length; at++) {
    bits = (bits << 6) | (ALPHABET.indexOf(letters.charAt(at)) & 63);
    size += 6;
    if (size >= 8) bytes[to++] = (bits >> (size -= 8)) & 255;
  }
  return base64UrlOf(bytes) === letters ? bytes : undefined;
}
