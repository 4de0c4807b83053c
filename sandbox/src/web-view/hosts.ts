/*
 * The virtual WeChat has hosts of its own, which browsers resolve to this computer (RFC 6761 section 6.3):
 * the phone at wechat.localhost, and each person's built-in browser at <person>.wechat.localhost. They are one
 * site, so that cookies in the phone's frame are not third-party cookies; and they are
 * several hosts, so that each person has separate cookies.
 */

/** A Host header of the virtual WeChat. */
export interface VirtualHost {
  /** Whose browser it is; null: the phone's own host. */
  personId: string | null;
  /** `:3001`, or empty for the port of the scheme. */
  port: string;
}

const HOST = /^(?:([a-z0-9-]{1,63})\.)?wechat\.localhost(:\d{1,5})?$/i;

/** The virtual WeChat's host in a Host header; null for any other host. */
export function virtualHostOf(host: string): VirtualHost | null {
  const match = HOST.exec(host);
  return match && { personId: match[1]?.toLowerCase() ?? null, port: match[2] ?? '' };
}

/** Origin of the phone. `port` as in VirtualHost. */
export function phoneOrigin(port: string): string {
  return `http://wechat.localhost${port}`;
}

/** Origin of a person's built-in browser. */
export function browserOrigin(personId: string, port: string): string {
  return `http://${personId}.wechat.localhost${port}`;
}
