// What the page asks of the service. Addresses are relative to the page, so that a path in PUBLIC_URL holds.
const PATIENCE_MS = 10_000;

/** The service refused: `code` of its catalogue; `retryAfter` in seconds, 0 where it does not say. */
export class Refusal extends Error {
  constructor(code, retryAfter) {
    super(code);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** Calls the service: GET, or POST where there is a body. Throws a Refusal; without a connection `OFFLINE`. */
export async function call(path, { body, headers = {} } = {}) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    const response = await fetch(path, {
      signal: abort.signal,
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const reply = await response.json().catch(() => ({}));
    if (!response.ok)
      throw new Refusal(reply.code ?? 'OTHER', Number(response.headers.get('retry-after') ?? 0));
    return reply;
  } catch (problem) {
    throw problem instanceof Refusal ? problem : new Refusal('OFFLINE', 0);
  } finally {
    clearTimeout(timer);
  }
}

/** Begins an attempt. */
export const beginAttempt = (wish) => call('v1/web-qr-login/attempts', { body: wish });

/** Where an attempt can be asked for. */
export const attemptPath = ({ id }) => `v1/web-qr-login/attempts/${encodeURIComponent(id)}`;

/** How an attempt stands. The secret is for browsers that keep our cookie back. */
export const readAttempt = (attempt) =>
  call(attemptPath(attempt), { headers: { 'x-attempt-secret': attempt.secret } });

/** The code of a problem for people. It may come from the address bar: what every object has is no text. */
export const problemText = ({ errors }, code) => errors[Object.keys(errors).includes(code) ? code : 'OTHER'];
