import { AuthError } from '../../../shared/auth-error.js';
import { isErrorCode, type SdkErrorCode } from '../failure.js';

/** The URL to which a browser returned (`req.url` is enough), or its query as a framework has parsed it. */
export type Returned = string | URL | URLSearchParams | Readonly<Record<string, unknown>>;

/** How a login ended, and which one it was. */
export type Answer =
  | { readonly kind: 'code'; readonly login: string | undefined; readonly loginCode: string }
  | { readonly kind: 'error'; readonly login: string | undefined; readonly error: AuthError };

const REQUEST_ID = /^[\w-]{1,64}$/;
const UNKNOWN: SdkErrorCode = 'LOGIN_FAILED';

/**
 * Reads the parameters that wechat-auth adds to returnTo.
 * @param loginParameter name of our own parameter in returnTo
 */
export function returnedBy(returned: Returned, loginParameter: string): Answer {
  const read = readerOf(returned);
  const login = read(loginParameter);
  const loginCode = read('loginCode');
  if (loginCode !== undefined) return { kind: 'code', login, loginCode };
  const code = read('error');
  const requestId = read('request_id') ?? '';
  // Anybody can make up the query.
  const error = new AuthError(isErrorCode(code) ? code : UNKNOWN, {
    requestId: REQUEST_ID.test(requestId) ? requestId : undefined,
    detail: 'The browser returned without a login.',
  });
  return { kind: 'error', login, error };
}

function readerOf(returned: Returned): (name: string) => string | undefined {
  if (typeof returned === 'string') {
    const isUrl = URL.canParse(returned, 'http://localhost');
    return readerOf(isUrl ? new URL(returned, 'http://localhost') : {});
  }
  if (returned instanceof URL) return readerOf(returned.searchParams);
  return (name) => {
    const values = returned instanceof URLSearchParams ? returned.getAll(name) : [returned[name]];
    const [value] = values;
    return values.length === 1 && typeof value === 'string' && value !== '' ? value : undefined;
  };
}
