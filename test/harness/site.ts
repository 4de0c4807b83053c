import { createServer } from 'node:http';
import { type Listening, listening } from './listening.js';

/** What a path answers with. */
interface Answer {
  readonly type: string;
  readonly text: string;
  readonly pauseMs: number;
  /** Where the path redirects to, if it does. */
  readonly location?: string;
}

/**
 * A third-party website with pages by path. Browsers reach it under any name that ends in `.localhost` (RFC
 * 6761 section 6.3), and each name is a separate site.
 */
export class Site {
  private readonly pages = new Map<string, Answer>();
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
        const { type = 'text/html', text = '', location } = page ?? {};
        if (location !== undefined) {
          response.writeHead(302, { location }).end();
          return;
        }
        response.writeHead(page === undefined ? 404 : 200, { 'content-type': `${type}; charset=utf-8` });
        response.end(text);
      }, page?.pauseMs ?? 0);
    });
    return site;
  }

  /** Its origin under a name: `shop` is `http://shop.localhost:<port>`. */
  origin(name: string): string {
    return `http://${name}.localhost:${this.listening.port}`;
  }

  /** Sets the page of a path, and the delay before it is sent (ms). */
  show(path: string, body: string, pauseMs = 0): void {
    const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${body}`;
    this.pages.set(path, { type: 'text/html', text: html, pauseMs });
  }

  /** Redirects a path. */
  redirect(path: string, location: string): void {
    this.pages.set(path, { type: 'text/html', text: '', pauseMs: 0, location });
  }

  /** Sets a JavaScript module. */
  script(path: string, text: string): void {
    this.pages.set(path, { type: 'text/javascript', text, pauseMs: 0 });
  }

  /** The queries of all requests to a path so far. */
  queriesOf(path: string): Record<string, string>[] {
    return this.requests
      .filter(({ pathname }) => pathname === path)
      .map(({ searchParams }) => Object.fromEntries(searchParams));
  }

  stop(): Promise<void> {
    return this.listening.close();
  }
}
