import { lookup as resolveByDns } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import axios, { type AxiosResponse } from 'axios';
import { AvatarFault } from './avatar-fault.js';
import { type AvatarSource, largest } from './avatar-source.js';
import { isPublicAddress } from './public-address.js';

/** An address of a host, as `dns.lookup` gives it. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** What a fetch may take. */
export interface FetchLimits {
  /** Milliseconds for everything: names, connections, redirects, the last byte. */
  readonly milliseconds: number;
  readonly bytes: number;
  /** All addresses of a host name. */
  readonly resolve: (hostname: string) => Promise<readonly ResolvedAddress[]>;
}

const LIMITS: FetchLimits = {
  milliseconds: 5_000,
  bytes: 2 * 1024 * 1024,
  resolve: (hostname) => resolveByDns(hostname, { all: true }),
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
  private readonly client = axios.create({
    responseType: 'stream',
    maxRedirects: 0,
    // A proxy of the environment would resolve the name again, past the check.
    proxy: false,
    // Pictures are compressed already; a body that unfolds is not wanted.
    decompress: false,
    headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'wechat-auth' },
    validateStatus: () => true,
  });

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
      // A race, since a name that does not resolve cannot be told to stop.
      return await Promise.race([this.follow(address, controller.signal), whenAborted(controller.signal)]);
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
      const { status, headers, data } = await this.get(url, signal);
      if (!REDIRECTS.has(status)) return this.body(status, data);
      data.destroy();
      const location: unknown = headers.location;
      if (redirects === MAX_REDIRECTS || typeof location !== 'string' || !URL.canParse(location, url.href)) {
        throw new AvatarFault('redirects');
      }
      url = this.source.allowed(new URL(location, url).href);
    }
  }

  private async get(url: URL, signal: AbortSignal): Promise<AxiosResponse<Readable>> {
    const lookup = pinnedTo(await this.checkedAddresses(url));
    return this.client.get<Readable>(url.href, {
      signal,
      httpAgent: new http.Agent({ lookup }),
      httpsAgent: new https.Agent({ lookup }),
    });
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
  private async body(status: number, stream: Readable): Promise<Buffer> {
    if (status !== 200) {
      stream.destroy();
      throw GONE.has(status) ? new AvatarFault('gone') : new AvatarFault('status', String(status));
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Leaving the loop destroys the stream, and the connection with it.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > this.limits.bytes) throw new AvatarFault('too-large');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}

/** The connection goes to the addresses that were checked: a second answer of DNS could be another one. */
function pinnedTo(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses;
    if (options.all || !first) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as AvatarFault), { once: true });
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
