import type { FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';

/** Name and key of a service, as an OAuth client sends them (RFC 6749 section 2.3.1). */
export interface ClientCredentials {
  readonly name: string;
  readonly key: string;
}

/** `Basic` and base64 of `name:key` (RFC 7617). */
const BASIC = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i;

/**
 * Reads the credentials that a route accepts besides X-Api-Key: HTTP Basic, or `client_id` and
 * `client_secret` in the body. A `client_id` alone is no credential: many libraries send it along with Basic.
 * @returns all readings of the credentials, empty if there are none: RFC 6749 form-encodes name and key
 * within Basic, but RFC 7617 and most clients do not
 * @throws AppError BAD_REQUEST if a request has credentials in more than one place (RFC 6749 section 2.3)
 */
export function clientCredentials({
  headers,
  body,
}: Pick<FastifyRequest, 'headers' | 'body'>): ClientCredentials[] {
  const basic = BASIC.exec(headers.authorization ?? '')?.[1];
  const form = formCredentials(body);
  const places = [headers['x-api-key'], basic, form].filter((place) => place !== undefined);
  if (places.length > 1) {
    throw new AppError('BAD_REQUEST', {
      detail: 'A key comes in one place: X-Api-Key, HTTP Basic or client_secret (RFC 6749 section 2.3).',
    });
  }
  if (form !== undefined) return [form];
  return basic === undefined ? [] : basicCredentials(basic);
}

function formCredentials(body: unknown): ClientCredentials | undefined {
  if (typeof body !== 'object' || body === null || !('client_secret' in body)) return undefined;
  const { client_secret: key } = body;
  const name = 'client_id' in body ? body.client_id : '';
  return { name: typeof name === 'string' ? name : '', key: typeof key === 'string' ? key : '' };
}

function basicCredentials(basic: string): ClientCredentials[] {
  const text = Buffer.from(basic, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) return [{ name: '', key: '' }];
  const plain = { name: text.slice(0, colon), key: text.slice(colon + 1) };
  const decoded = { name: formDecoded(plain.name), key: formDecoded(plain.key) };
  return [plain, decoded];
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
