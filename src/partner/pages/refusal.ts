/** Why the library refuses a request of a browser, as the page explains it. */
export type Refusal =
  | 'unknownApp'
  | 'redirectUri'
  | 'unsupported'
  | 'loginRequest'
  | 'expiredLogin'
  | 'logoutRequest'
  | 'expiredLogout'
  | 'forApps';

/** What was refused: a title of the page. */
export type Refused = 'login' | 'logout' | 'address';

interface RefusedRoute {
  readonly refused: Refused;
  /** By the error code of OAuth. */
  readonly because?: Readonly<Record<string, Refusal>>;
  /** For every other code. */
  readonly otherwise: Refusal;
}

/** By the library's name of the route. Codes that it always sends to the redirect URI are not here. */
const ROUTES: Readonly<Record<string, RefusedRoute>> = {
  authorization: {
    refused: 'login',
    because: {
      invalid_client: 'unknownApp',
      invalid_redirect_uri: 'redirectUri',
      // Of a pushed request: it was used, or has expired.
      invalid_request_uri: 'expiredLogin',
      registration_not_supported: 'unsupported',
      request_not_supported: 'unsupported',
      request_uri_not_supported: 'unsupported',
      unsupported_response_mode: 'unsupported',
      unsupported_response_type: 'unsupported',
    },
    otherwise: 'loginRequest',
  },
  resume: {
    refused: 'login',
    // The operator has changed the app meanwhile.
    because: { invalid_client: 'unknownApp', invalid_redirect_uri: 'redirectUri' },
    otherwise: 'expiredLogin',
  },
  end_session: { refused: 'logout', because: { invalid_client: 'unknownApp' }, otherwise: 'logoutRequest' },
  end_session_confirm: { refused: 'logout', otherwise: 'expiredLogout' },
  end_session_success: { refused: 'logout', otherwise: 'unknownApp' },
};
/** A person has opened what only programs call. */
const FOR_APPS: RefusedRoute = { refused: 'address', otherwise: 'forApps' };

/** Refusals that the developer of the app cannot prevent, or whose text names the developer itself. */
const NOT_TO_TELL: readonly Refusal[] = ['expiredLogin', 'expiredLogout', 'forApps'];

/**
 * What the page says about an error of the library.
 * @param route the library's name of the route
 * @param code the error code of OAuth
 */
export function refusalOf(
  route: string,
  code: string,
): { readonly refused: Refused; readonly refusal: Refusal; readonly isToTell: boolean } {
  const { refused, because, otherwise } = ROUTES[route] ?? FOR_APPS;
  const refusal = because?.[code] ?? otherwise;
  return { refused, refusal, isToTell: !NOT_TO_TELL.includes(refusal) };
}
