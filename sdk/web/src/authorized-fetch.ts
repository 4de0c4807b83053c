import { originOf } from './address.js';

/**
 * `fetch` with the access token, to these origins only. A 401 is answered by one new token and one replay.
 * @param getAccessToken gets the token that was refused
 */
export const authorizedFetch =
  (
    origins: readonly string[],
    getAccessToken: (refused?: string) => Promise<string | null>,
  ): ((input: RequestInfo | URL, init?: RequestInit) => Promise<Response>) =>
  async (input, init) => {
    const request = new Request(input, init);
    const isKnown = origins.map(originOf).includes(originOf(request.url));
    let token = isKnown ? await getAccessToken() : null;
    const send = (): Promise<Response> => {
      const copy = request.clone();
      if (token) copy.headers.set('Authorization', `Bearer ${token}`);
      return fetch(copy);
    };
    const response = await send();
    if (!token || response.status !== 401) return response;
    token = await getAccessToken(token);
    return token ? send() : response;
  };
