import { isLocalName } from '../web/hosts.js';

/** Where the one service is that this sandbox belongs to. The sandbox calls no other. */
export class ServiceAddress {
  private at: { url: string; publicUrl: string };
  private readonly hostname: string;

  /** Both without a slash at their end; see `cleanUrl`. */
  constructor(url: string, publicUrl: string) {
    this.at = { url, publicUrl };
    this.hostname = new URL(url).hostname;
  }

  /** Whether the service may move there: to a local name, or to another port of the host it was started at. */
  mayBeAt(url: string): boolean {
    const { hostname } = new URL(url);
    return isLocalName(hostname) || hostname === this.hostname;
  }

  /** Where the sandbox calls it. */
  get url(): string {
    return this.at.url;
  }

  /** How browsers know it: its PUBLIC_URL, which its redirects name. */
  get publicUrl(): string {
    return this.at.publicUrl;
  }

  move(url: string, publicUrl: string): void {
    this.at = { url, publicUrl };
  }
}

/** An http or https URL without user, query and fragment, and without a slash at its end; else null. */
export function cleanUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isPlain = !url.username && !url.password && !url.search && !url.hash;
  if (!isPlain || !['http:', 'https:'].includes(url.protocol)) return null;
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
