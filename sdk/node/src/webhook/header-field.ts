/** `Headers` of fetch, `IncomingHttpHeaders` of Node.js, or an object with names in any case. */
export type HeaderFields =
  | { get(name: string): string | null | undefined }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The value of a header field.
 * @param name in lower case
 * @returns `undefined` if it is missing or came more than once
 */
export function headerField(headers: HeaderFields, name: string): string | undefined {
  if (isHeaders(headers)) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).filter(([each]) => each.toLowerCase() === name);
  const values = found.flatMap(([, value]) => value ?? []);
  return values.length === 1 ? values[0] : undefined;
}

function isHeaders(headers: HeaderFields): headers is { get(name: string): string | null | undefined } {
  return typeof headers.get === 'function';
}
