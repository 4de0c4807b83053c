import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { HttpClient } from '../../outgoing/http-client.js';
import { backgroundNames, lookupBy } from '../../outgoing/host-names.js';
import { isPublicAddress } from '../../outgoing/public-address.js';

/** Limit of a connection (ms). The library's own limit for the whole call is 2.5 s. */
const CONNECT_MS = 2_000;
/** A key set has a few kilobytes. */
const MAX_BYTES = 64 * 1024;

/**
 * Fetches the key sets of partners (`jwksUri`), from public addresses by https only: the request must not reach the
 * internal network. Redirects are not followed.
 */
@Injectable()
export class JwksFetcher {
  constructor(private readonly config: AppConfig) {}

  /** As `fetch`, for what oidc-provider asks for. @throws Error for an address that is not public */
  async fetch(address: string | URL | Request, options: RequestInit = {}): Promise<Response> {
    const url = new URL(address instanceof Request ? address.url : address);
    if (url.protocol !== 'https:') throw new Error('a key set is fetched by https');
    const client = new HttpClient({
      lookup: lookupBy(publicAddresses),
      connectMs: CONNECT_MS,
      proxy: this.config.proxy,
      proxyLookup: backgroundNames.lookup,
      maxBytes: MAX_BYTES,
    });
    try {
      // IP addresses in URLs are not looked up.
      const literal = url.hostname.replace(/^\[|\]$/g, '');
      if (/^[\d.]+$|:/.test(literal) && !isPublicAddress(literal)) throw new Error('not a public address');
      const answer = await client.send({
        url,
        method: 'GET',
        headers: { accept: 'application/json' },
        signal: options.signal ?? AbortSignal.timeout(CONNECT_MS),
      });
      const body = await answer.body.text();
      return new Response(body, { status: answer.statusCode, headers: cacheFields(answer.headers) });
    } finally {
      await client.close();
    }
  }
}

/** All addresses of a host, which must be public. The connection goes to these: no second look-up can differ. */
async function publicAddresses(hostname: string) {
  const addresses = await backgroundNames.resolve(hostname);
  if (!addresses.every(({ address }) => isPublicAddress(address))) throw new Error('not a public address');
  return addresses;
}

/** The fields by which the library decides when to fetch again. */
function cacheFields(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const fields = new Headers();
  for (const name of ['content-type', 'cache-control', 'expires']) {
    const value = headers[name];
    if (typeof value === 'string') fields.set(name, value);
  }
  return fields;
}
