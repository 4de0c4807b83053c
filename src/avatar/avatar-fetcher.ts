import { codeOf } from '../outgoing/connect.js';
import { type ForwardProxy, goesThrough } from '../outgoing/forward-proxy.js';
import { backgroundNames, pinnedTo, type ResolvedAddress, type ResolveName } from '../outgoing/host-names.js';
import { HttpClient, type OutgoingAnswer } from '../outgoing/http-client.js';
import { untilAborted } from '../outgoing/until-aborted.js';
import { AvatarFault } from './avatar-fault.js';
import { type AvatarSource, largest } from './avatar-source.js';
import { isPublicAddress } from './public-address.js';

/** What a fetch may take. */
export interface FetchLimits {
  /** Milliseconds for everything: names, connections, redirects, the last byte. */
  readonly milliseconds: number;
  readonly bytes: number;
  /** All addresses of a host name. */
  readonly resolve: ResolveName;
  readonly proxy: ForwardProxy | null;
}

const LIMITS: FetchLimits = {
  milliseconds: 5_000,
  bytes: 2 * 1024 * 1024,
  resolve: (hostname) => backgroundNames.resolve(hostname),
  proxy: null,
};
const HEADERS = {
  accept: 'image/*',
  // Pictures are compressed already; a body that unfolds is not wanted.
  'accept-encoding': 'identity',
  'user-agent': 'wechat-auth',
};
const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const GONE: ReadonlySet<number> = new Set([404, 410]);

/**
 * Fetches pictures from where they may be fetched from, and from nowhere else. An address that WeChat names is
 * still somebody's input: it must not lead this service to the network behind it, nor hold it up, nor fill it.
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
   * The bytes behind an address; whether they are a picture is the encoder's business.
   * @param stop ends the fetch early, as `stopped`
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
      if (error instanceof AvatarFault) throw error;
      throw new AvatarFault('network', codeOf(error));
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

  /** The picture, or where it is. Each call has a client of its own, so that nothing stays open behind it. */
  private async get(url: URL, signal: AbortSignal): Promise<Buffer | { readonly location: string | null }> {
    const { milliseconds, proxy } = this.limits;
    // Behind a proxy the name is the proxy's to resolve. The host is one of WeChat's by its name, and TLS lets
    // nobody else answer under it, wherever the name leads.
    const client = goesThrough(proxy, url)
      ? new HttpClient({ lookup: backgroundNames.lookup, milliseconds, proxy })
      : new HttpClient({
          lookup: pinnedTo(await untilAborted(this.checkedAddresses(url), signal)),
          milliseconds,
        });
    try {
      const answer = await client.request({ url, method: 'GET', headers: HEADERS, signal });
      if (!REDIRECTS.has(answer.status)) return await untilAborted(this.body(answer), signal);
      const { location } = answer.headers;
      return { location: typeof location === 'string' ? location : null };
    } finally {
      await client.close();
    }
  }

  /** One answer of DNS, looked at as a whole: a name with one address inside is not WeChat's. */
  private async checkedAddresses(url: URL): Promise<readonly ResolvedAddress[]> {
    const addresses = await this.limits.resolve(url.hostname.replace(/^\[|\]$/g, ''));
    if (addresses.length === 0) throw new AvatarFault('network', 'no address');
    if (!this.source.isSandbox(url) && !addresses.every(({ address }) => isPublicAddress(address))) {
      throw new AvatarFault('address');
    }
    return addresses;
  }

  /** Counted as it comes: a length that a server names is only a word. */
  private async body({ status, headers, body }: OutgoingAnswer): Promise<Buffer> {
    if (status !== 200) {
      throw GONE.has(status) ? new AvatarFault('gone') : new AvatarFault('status', String(status));
    }
    if (isPlaceholder(headers)) throw new AvatarFault('gone');
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Leaving the loop destroys the stream, and the connection with it.
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > this.limits.bytes) throw new AvatarFault('too-large');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}

/**
 * For a picture that cannot be shown any more WeChat sends one that says so, with status 200 and an error number in
 * the header X-ErrNo.
 */
function isPlaceholder(headers: OutgoingAnswer['headers']): boolean {
  const errno = headers['x-errno'];
  return errno !== undefined && errno !== '0';
}
