import type { AuthError } from '../../../shared/auth-error.js';
import { failure } from '../failure.js';
import type { ServiceReply } from './service-http.js';

type Fields<Body> = Readonly<Partial<Record<keyof Body, 'string' | 'number' | 'boolean' | 'object'>>>;

/**
 * The body of a reply, with the type of each field that matters checked: a proxy or another service at this address may
 * have answered.
 * @throws AuthError SERVICE_BAD_REPLY
 */
export function bodyOf<Body>({ status, body }: ServiceReply, fields: Fields<Body>): Body {
  const isObject = typeof body === 'object' && body !== null;
  const found = (isObject ? body : {}) as Readonly<Record<string, unknown>>;
  const wrong = Object.entries(fields).filter(
    ([name, type]) => typeof found[name] !== type || found[name] === null,
  );
  if (isObject && wrong.length === 0) return body as Body;
  throw badReply(status);
}

/**
 * Checks a reply without a body, for the same reason.
 * @throws AuthError SERVICE_BAD_REPLY
 */
export function checkEmpty({ status, body }: ServiceReply): void {
  if (body !== undefined) throw badReply(status);
}

function badReply(status: number): AuthError {
  return failure('SERVICE_BAD_REPLY', {
    status,
    detail: 'The answer is not one of wechat-auth. Check baseUrl.',
  });
}
