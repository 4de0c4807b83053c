/**
 * base64 of WeChat in its usual form, from the forms in which clients send it: url-encoded once more (`%2B`), as
 * base64url, with line breaks, with spaces that a form made of `+`, without its padding.
 * @returns the text as it came where it is something else
 */
export function usualBase64(text: string): string {
  const decoded = /%[0-9a-f]{2}/i.test(text) ? unescapedOnce(text) : text;
  const usual = decoded
    .replace(/[\r\n\t]/g, '')
    .replaceAll(' ', '+')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/=+$/, '');
  if (!/^[A-Za-z0-9+/]+$/.test(usual) || usual.length % 4 === 1) return text;
  return usual.padEnd(Math.ceil(usual.length / 4) * 4, '=');
}

function unescapedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
