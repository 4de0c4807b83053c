import type { Introspection } from '../../../shared/api.js';
import { optionsInvalid } from '../options.js';
import { bodyOf } from './replies.js';
import { ServiceHttp, type ServiceOptions } from './service-http.js';

/** What a token is, where the caller knows it. A refresh token is active only with `refresh_token`. */
export type TokenTypeHint = 'access_token' | 'refresh_token';

/** Fields of a request about a token (RFC 7662 section 2.1, RFC 7009 section 2.1). */
export function tokenForm(token: string, hint: TokenTypeHint | undefined): Readonly<Record<string, string>> {
  return { token, ...(hint === undefined ? {} : { token_type_hint: hint }) };
}

/** POST /v1/auth/introspect. */
export async function introspectBy(
  http: ServiceHttp,
  token: string,
  hint: TokenTypeHint | undefined,
): Promise<Introspection> {
  const reply = await http.call('/v1/auth/introspect', { form: tokenForm(token, hint), repeatable: true });
  return bodyOf<Introspection>(reply, { active: 'boolean' });
}

/**
 * Asks once whether a token is active now, and whose it is (RFC 7662). For many questions `createServiceClient` reads
 * the options once.
 * @throws AuthError API_KEY_INVALID, SERVICE_UNREACHABLE, SERVICE_TIMEOUT, and others of docs/errors.md. An inactive
 * token is no error
 */
export async function introspect(
  options: ServiceOptions & {
    readonly apiKey: string;
    readonly token: string;
    readonly hint?: TokenTypeHint | undefined;
  },
): Promise<Introspection> {
  if (typeof options.token !== 'string') throw optionsInvalid('token must be a string');
  return introspectBy(new ServiceHttp(options), options.token, options.hint);
}
