import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { request } from 'undici';
import { type Listening, listening } from './listening.js';

/** What happens before the receiver gets a push, or after it has answered and before the answer arrives. */
export type Interruption = () => Promise<void>;

/** Stands between the relay and a receiver of pushes, and lets a test act at an exact moment. */
export class NoticeProxy {
  private readonly passing = new Set<Promise<unknown>>();
  private readonly planned: { readonly at: 'before' | 'after'; readonly run: Interruption }[] = [];

  private constructor(
    private readonly server: Listening,
    private readonly receiver: string,
  ) {}

  /** @param receiver origin of the receiver */
  static async listen(receiver: string): Promise<NoticeProxy> {
    const server = createServer();
    const proxy = new NoticeProxy(await listening(server), receiver);
    server.on('request', (from, to) => proxy.take(from, to));
    return proxy;
  }

  get url(): string {
    return this.server.url;
  }

  /** Once, at the next push. */
  interrupt(at: 'before' | 'after', run: Interruption): void {
    this.planned.push({ at, run });
  }

  /** Waits until all pushes have passed, with what a test does meanwhile. */
  async idle(): Promise<void> {
    while (this.passing.size > 0) await Promise.all(this.passing);
  }

  close(): Promise<void> {
    return this.server.close();
  }

  private take(from: IncomingMessage, to: ServerResponse): void {
    const passing = this.pass(from, to)
      .catch(() => to.destroy())
      .finally(() => this.passing.delete(passing));
    this.passing.add(passing);
  }

  private async pass(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const body = await buffer(from);
    const [plan] = this.planned.splice(0, 1);
    if (plan?.at === 'before') await plan.run();
    const headers = { ...from.headers };
    for (const name of ['host', 'connection', 'content-length']) Reflect.deleteProperty(headers, name);
    const answer = await request(`${this.receiver}${from.url ?? ''}`, { method: 'POST', headers, body });
    const answered = Buffer.from(await answer.body.arrayBuffer());
    if (plan?.at === 'after') await plan.run();
    to.writeHead(answer.statusCode, { 'content-type': 'application/json' }).end(answered);
  }
}
