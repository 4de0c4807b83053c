import {
  codeOf,
  type ForwardProxy,
  type HttpAnswer,
  HttpClient,
  NotConnected,
} from '../outgoing/http-client.js';
import { backgroundNames, lookupBy, type ResolvedAddress, type ResolveName } from '../outgoing/host-names.js';
import { AvatarFault } from './avatar-fault.js';
import { type AvatarSource, largest } from './avatar-source.js';
import { isPublicAddress } from '../outgoing/public-address.js';
import { FETCH_MS } from './picture-limits.js';

/** Limits of a fetch, and how it connects. */
export interface FetchLimits {
  /** Milliseconds for the whole fetch: names, connections, redirects, the last byte. */
  readonly milliseconds: number;
  readonly bytes: number;
  /** All addresses of a host name. */
  readonly resolve: ResolveName;
  readonly proxy: ForwardProxy | null;
}

const LIMITS: FetchLimits = {
  milliseconds: FETCH_MS,
  bytes: 2 * 1024 * 1024,
  resolve: (hostname) => backgroundNames.resolve(hostname),
  proxy: null,
};
const HEADERS = {
  accept: 'image/*',
  // Pictures are compressed already.
  'accept-encoding': 'identity',
  'user-agent': 'wechat-auth',
};
const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const GONE: ReadonlySet<number> = new Set([404, 410]);

/**
 * Fetches pictures from WeChat's servers (and the sandbox) only. A URL of a picture is untrusted input, although WeChat
 * sent it: it must not reach the internal network, nor occupy time or memory without a limit.
 */
export class AvatarFetcher {
  private readonly limits: FetchLimits;

  constructor(
    private readonly source: AvatarSource,
    limits: Partial<FetchLimits> = {},
  ) {
    this.limits = { ...LIMITS, ...limits };
  }

  /**
   * The bytes at a URL. Whether they are a picture is for the encoder to check.
   * @param stop ends the fetch with the fault `stopped`
   * @throws AvatarFault any but `content`
   */
  async fetch(address: string, stop?: AbortSignal): Promise<Buffer> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new AvatarFault('time')), this.limits.milliseconds);
    const onStop = () => controller.abort(new AvatarFault('stopped'));
    stop?.addEventListener('abort', onStop, { once: true });
    if (stop?.aborted) onStop();
    try {
      return await this.follow(address, controller.signal);
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason;
      const reason = error instanceof NotConnected ? (error.cause ?? error) : error;
      throw reason instanceof AvatarFault ? reason : new AvatarFault('network', codeOf(error));
    } finally {
      clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
    }
  }

  private async follow(address: string, signal: AbortSignal): Promise<Buffer> {
    let url = largest(this.source.allowed(address));
    for (let redirects = 0; ; redirects++) {
      const result = await this.get(url, signal);
      if (Buffer.isBuffer(result)) return result;
      const { location } = result;
      if (redirects === MAX_REDIRECTS || location === null || !URL.canParse(location, url.href)) {
        throw new AvatarFault('redirects');
      }
      url = this.source.allowed(new URL(location, url).href);
    }
  }

  /** The picture, or the target of a redirect. Each call has a client of its own, whose connections end with it. */
  private async get(url: URL, signal: AbortSignal): Promise<Buffer | { readonly location: string | null }> {
    // Through a proxy the name is resolved by the proxy, unchecked. The host is WeChat's by its name, and TLS needs a
    // certificate of that name, which no server of the internal network has.
    const client = new HttpClient({
      lookup: lookupBy((hostname) => this.checkedAddresses(url, hostname)),
      connectMs: this.limits.milliseconds,
      proxy: this.limits.proxy,
      proxyLookup: backgroundNames.lookup,
    });
    try {
      const answer = await client.send({ url, method: 'GET', headers: HEADERS, signal });
      if (!REDIRECTS.has(answer.statusCode)) return await this.body(answer);
      const { location } = answer.headers;
      return { location: typeof location === 'string' ? location : null };
    } finally {
      await client.close();
    }
  }

  /**
   * The addresses of a host, all of which must be public. The connection goes to these: a second look-up could answer
   * others (DNS rebinding).
   */
  private async checkedAddresses(url: URL, hostname: string): Promise<readonly ResolvedAddress[]> {
    const addresses = await this.limits.resolve(hostname);
    if (addresses.length === 0) throw new AvatarFault('network', 'no address');
    if (!this.source.isSandbox(url) && !addresses.every(({ address }) => isPublicAddress(address))) {
      throw new AvatarFault('address');
    }
    return addresses;
  }

  /** The body, counted as it arrives: Content-Length may be wrong. */
  private async body({ statusCode: status, headers, body }: HttpAnswer): Promise<Buffer> {
    if (status !== 200) {
      throw GONE.has(status) ? new AvatarFault('gone') : new AvatarFault('status', String(status));
    }
    if (isPlaceholder(headers)) throw new AvatarFault('gone');
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Leaving the loop destroys the stream and its connection.
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > this.limits.bytes) throw new AvatarFault('too-large');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}

/** In place of a picture that is gone WeChat sends another one, with status 200 and an error number in X-ErrNo. */
function isPlaceholder(headers: HttpAnswer['headers']): boolean {
  const errno = headers['x-errno'];
  return errno !== undefined && errno !== '0';
}
