type Members = Readonly<Record<string, unknown>>;

/** The header of a JWT (RFC 7519), untrusted until its signature was verified; empty for other text. */
export function untrustedHeader(token: string): Members {
  return membersIn(token.split('.', 1)[0]);
}

/** The claims of a JWT, untrusted until its signature was verified; empty for other text. */
export function untrustedClaims(token: string): Members {
  return membersIn(token.split('.', 2)[1]);
}

function membersIn(part = ''): Members {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof parsed === 'object' && parsed !== null ? (parsed as Members) : {};
  } catch {
    return {};
  }
}
