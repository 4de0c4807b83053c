const ESCAPE = /\\(?:u00([01][0-9a-f])|[^])/g;

/**
 * JSON as WeChat writes it: control characters of a nickname are not escaped, which JSON forbids (section 0). Line
 * breaks and tabs are escaped.
 */
export function rawJson(value: unknown): string {
  return JSON.stringify(value).replace(ESCAPE, (escaped: string, hex: string | undefined) =>
    hex === undefined ? escaped : String.fromCharCode(parseInt(hex, 16)),
  );
}
