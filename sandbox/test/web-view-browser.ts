import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

/** What came back. */
export interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** How a page is asked for. */
export interface Visit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/**
 * A browser at a host of the virtual WeChat, which it resolves to this computer as browsers do (RFC 6761 section 6.3)
 * and Node does not. It keeps cookies, and follows no redirects.
 */
export class WebViewBrowser {
  private readonly cookies = new Map<string, string>();
  readonly origin: string;

  /** @param host without port, e.g. `alice.wechat.localhost` */
  constructor(
    private readonly sandboxUrl: string,
    host: string,
  ) {
    this.origin = `http://${host}:${new URL(sandboxUrl).port}`;
  }

  /** Asks for a path; the answer is read to its end. */
  async visit(path: string, visit: Visit = {}): Promise<Page> {
    const answer = await this.open(path, visit);
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return {
      status: answer.statusCode ?? 0,
      headers: answer.headers,
      text: Buffer.concat(chunks).toString(),
    };
  }

  /** Asks for a path; resolves when the head of the answer is there. */
  open(path: string, { method = 'GET', headers = {}, body }: Visit = {}): Promise<IncomingMessage> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return new Promise((resolve, reject) => {
      const asked = request(`${this.sandboxUrl}${path}`, {
        method,
        agent: false,
        headers: { host: new URL(this.origin).host, ...(cookie && { cookie }), ...headers },
      });
      asked.once('error', reject);
      asked.once('response', (answer) => {
        for (const line of answer.headers['set-cookie'] ?? []) this.keep(line);
        resolve(answer);
      });
      asked.end(body);
    });
  }

  private keep(line: string): void {
    const [name = '', value = ''] = line.split(';', 1)[0]?.split('=') ?? [];
    if (/max-age=0/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
