import { quietly } from './storage.js';

/** The address of the page; `undefined` on a server. */
const page = (): string | undefined => quietly(() => location.href);

/** The origin of an address, which may be relative to the page. */
export const originOf = (address: string): string => new URL(address, page()).origin;

/** Names the login in the address to which it returns. */
const LOGIN = 'wechat_auth';
const PARAMETERS = [LOGIN, 'loginCode', 'error', 'request_id'];
/** Error codes of the service. Those of OAuth 2.0, which other logins on the page may return with, are in lower case. */
const ERROR = /^[A-Z][A-Z_]*$/;

/** How a login came back. */
export interface Answer {
  readonly login: string;
  readonly loginCode: string;
  readonly error: string;
  readonly requestId: string | undefined;
}

function withoutAnswer(address: string): URL {
  const url = new URL(address, page());
  for (const name of PARAMETERS) url.searchParams.delete(name);
  return url;
}

/** The address to which a login returns. @param returnTo absent: the present page */
export function returnAddress(login: string, returnTo = location.href): string {
  const url = withoutAnswer(returnTo);
  url.searchParams.set(LOGIN, login);
  return url.href;
}

/** Takes the answer of a login out of the address bar and the history. @returns `null` where there is none */
export function takeAnswer(address = page()): Answer | null {
  if (!address) return null;
  const query = new URL(address, page()).searchParams;
  const [login = '', loginCode = '', error = '', requestId] = PARAMETERS.map(
    (name) => query.get(name) ?? undefined,
  );
  if (!loginCode && !ERROR.test(error)) return null;
  history.replaceState(history.state, '', withoutAnswer(location.href).href);
  return { login, loginCode, error, requestId };
}
