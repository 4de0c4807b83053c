/**
 * The URL of a logout, where the client takes the place of an ID token whose key has retired: nobody can verify that any
 * more, and people log out long after logging in. It proves as little as `client_id`, but the person is asked anyway.
 * @param url path and query
 * @param kids of the keys that verify ID tokens now
 */
export function withoutRetiredHint(url: string, kids: readonly string[]): string {
  const { pathname, searchParams } = new URL(url, 'http://path.invalid');
  const client = clientOfRetired(searchParams.get('id_token_hint') ?? '', kids);
  if (client === null || (searchParams.get('client_id') ?? client) !== client) return url;
  searchParams.delete('id_token_hint');
  searchParams.set('client_id', client);
  return `${pathname}?${searchParams.toString()}`;
}

/** The audience of an ID token that none of the keys has signed; `null` for one that can be verified, or is none. */
function clientOfRetired(hint: string, kids: readonly string[]): string | null {
  try {
    const [{ kid }, { aud }] = hint.split('.').slice(0, 2).map(parsed) as [
      { kid?: unknown },
      { aud?: unknown },
    ];
    return typeof kid === 'string' && !kids.includes(kid) && typeof aud === 'string' ? aud : null;
  } catch {
    return null;
  }
}

function parsed(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
