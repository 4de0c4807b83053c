import { createServer } from 'node:http';
import { type Listening, listening } from './listening.js';

/**
 * Somebody else's website: pages by path. Browsers reach it by any name that ends in `.localhost` (RFC 6761
 * section 6.3), and each such name is a site of its own.
 */
export class Site {
  private readonly pages = new Map<string, { readonly html: string; readonly pauseMs: number }>();
  private readonly requests: URL[] = [];

  private constructor(private readonly listening: Listening) {}

  static async start(): Promise<Site> {
    const server = createServer();
    const site = new Site(await listening(server));
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', 'http://site');
      site.requests.push(url);
      const page = site.pages.get(url.pathname);
      setTimeout(() => {
        response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
        response.end(page?.html ?? '');
      }, page?.pauseMs ?? 0);
    });
    return site;
  }

  /** Its origin by a name: `shop` is `http://shop.localhost:<port>`. */
  origin(name: string): string {
    return `http://${name}.localhost:${this.listening.port}`;
  }

  /** What a path shows from now on, after so long. */
  show(path: string, body: string, pauseMs = 0): void {
    const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${body}`;
    this.pages.set(path, { html, pauseMs });
  }

  /** The queries that a path was asked for with, so far. */
  queriesOf(path: string): Record<string, string>[] {
    return this.requests
      .filter(({ pathname }) => pathname === path)
      .map(({ searchParams }) => Object.fromEntries(searchParams));
  }

  stop(): Promise<void> {
    return this.listening.close();
  }
}
