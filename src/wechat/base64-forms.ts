/**
 * Normalizes base64 from WeChat that a client has altered: URL-encoded once more (`%2B`), as base64url, with
 * line breaks, with spaces instead of `+` (form encoding), without padding.
 * @returns standard base64, or the unchanged text if it is not base64
 */
export function normalizeBase64(text: string): string {
  const decoded = /%[0-9a-f]{2}/i.test(text) ? urlDecoded(text) : text;
  const normalized = decoded
    .replace(/[\r\n\t]/g, '')
    .replaceAll(' ', '+')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/=+$/, '');
  if (!/^[A-Za-z0-9+/]+$/.test(normalized) || normalized.length % 4 === 1) return text;
  return normalized.padEnd(Math.ceil(normalized.length / 4) * 4, '=');
}

function urlDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
