const MAX_LENGTH = 2_048;
/** Characters of a URI (RFC 3986 section 2), without the asterisk, which would look like a wildcard. */
const CHARACTERS = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()+,;=]|%[0-9A-Fa-f]{2})+$/;
const ENCODED_CONTROL = /%(?:[01][0-9A-Fa-f]|7[Ff])/;
/** A private-use scheme is a domain name in reverse order, so it has a dot (RFC 8252 section 7.1). */
const PRIVATE_USE = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:\/+[^/]/;
/**
 * Where plain http may lead: the computer of the person (RFC 8252 section 7.3). The RFC advises against the
 * name `localhost`; it is allowed, because tools in development use it.
 */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Which URIs a field accepts. */
export interface UriRules {
  /** Plain http to a loopback address. */
  readonly loopback: boolean;
  /** Private-use schemes, for native apps. */
  readonly privateUse: boolean;
}

/** Whether a URI leads to a program on the device of the person: loopback or a private-use scheme (RFC 8252 section 7). */
export function isNativeUri(uri: string): boolean {
  return new URL(uri).protocol !== 'https:';
}

/**
 * Whether any program on the device could pose as the partner: the login leads to the device, and no secret proves who
 * exchanges the code (RFC 8252 section 8.6).
 */
export function isImitable(authMethod: string | undefined, redirectUri: string): boolean {
  return authMethod === 'none' && isNativeUri(redirectUri);
}

/** Whether a URI leads by https to the computer of the person. The library refuses it for native apps. */
export function isSecureLoopback(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return protocol === 'https:' && LOOPBACK.has(hostname);
}

/**
 * Checks a URI that a partner registers. It is compared as text later, so it has to be in the form in which
 * browsers write it.
 * @returns what is wrong with it; `null` if nothing is
 */
export function uriFault(uri: string, rules: UriRules): string | null {
  if (uri.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  if (uri.includes('*')) return 'must not contain a wildcard';
  if (!CHARACTERS.test(uri) || ENCODED_CONTROL.test(uri)) return 'must be an absolute URI';
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (!url) return 'must be an absolute URI';
  if (uri.includes('#')) return 'must not have a fragment';
  if (url.username !== '' || url.password !== '') return 'must not contain a user or password';
  const fault = schemeFault(uri, url, rules);
  if (fault !== null) return fault;
  // "https://app.example.com" means the same with and without its slash.
  if (uri !== url.href && `${uri}/` !== url.href) return `must be written as ${url.href}`;
  return null;
}

function schemeFault(uri: string, url: URL, rules: UriRules): string | null {
  if (url.protocol === 'https:') return null;
  if (url.protocol === 'http:') {
    if (!rules.loopback) return 'must be https';
    return LOOPBACK.has(url.hostname) ? null : 'must be https; http only to 127.0.0.1, [::1] or localhost';
  }
  if (!PRIVATE_USE.test(uri)) {
    return rules.privateUse || rules.loopback
      ? 'must be https, or of a scheme such as com.example.app:/callback'
      : 'must be https';
  }
  return rules.privateUse ? null : 'may have a scheme of an app only with the authMethod none';
}
