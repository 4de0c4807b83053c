import { failure } from '../failure.js';

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The part of a request that matters: `IncomingMessage` of Node.js, and the requests of all frameworks. */
export interface GuardedRequest {
  readonly headers: Fields;
  /** Names and values in turn, as received: `headers` drops a second Authorization. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** Fastify: the request of Node.js. */
  readonly raw?: { readonly rawHeaders?: readonly string[] | undefined } | undefined;
}

/**
 * The access token of a request, as wechat-auth itself reads it: from the header field of TOKEN_HEADER (with or without
 * `Bearer `), else from Authorization (RFC 6750 section 2.1). Never from the URL or a cookie.
 * @param header name of the field, in lower case
 * @returns `undefined` if there is none
 * @throws AuthError TOKEN_INVALID if such a field came twice: a proxy may have checked the other one
 */
export function accessTokenOf(request: GuardedRequest, header: string): string | undefined {
  const rawHeaders = request.rawHeaders ?? request.raw?.rawHeaders ?? [];
  const names = header === 'authorization' ? [header] : [header, 'authorization'];
  const values = names.map((name) => request.headers[name]);
  if (values.some((value) => Array.isArray(value)) || names.some((name) => isRepeated(rawHeaders, name))) {
    throw failure('TOKEN_INVALID', {
      status: 401,
      detail: 'The access token came in two header fields of the same name.',
    });
  }
  const [own, authorization = own] = values;
  if (names.length > 1 && typeof own === 'string' && own !== '') return own.replace(/^Bearer +/i, '');
  return /^Bearer +(\S+) *$/i.exec(String(authorization ?? ''))?.[1];
}

function isRepeated(rawHeaders: readonly string[], name: string): boolean {
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) times++;
  }
  return times > 1;
}
