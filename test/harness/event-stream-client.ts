import { Agent, get, type IncomingMessage } from 'node:http';

/** One event of a stream. */
export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: { readonly status: string; readonly loginCode?: string };
}

/** Timeout for an expected event (ms). */
const PATIENCE_MS = 10_000;

/** A browser that follows an attempt by Server-Sent Events on its own connection. */
export class EventStreamClient {
  readonly events: StreamEvent[] = [];
  /** Number of comments received (heartbeats). */
  heartbeats = 0;
  /** The last `retry` value (ms). */
  retry: number | null = null;
  hasEnded = false;
  private unread = 0;
  private rest = '';
  private waiting: (() => void)[] = [];

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      const blocks = (this.rest + text).split('\n\n');
      this.rest = blocks.pop() ?? '';
      blocks.forEach((block) => this.take(block));
      this.wake();
    });
    response.on('error', () => undefined);
    response.on('close', () => {
      this.hasEnded = true;
      this.wake();
    });
  }

  /** Connects and waits for the response headers. */
  static open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
    agent: Agent | false = false,
  ): Promise<EventStreamClient> {
    return new Promise((resolve, reject) => {
      const request = get(url, { headers: { accept: 'text/event-stream', ...headers }, agent });
      request.on('response', (response) => resolve(new EventStreamClient(response)));
      request.on('error', reject);
    });
  }

  /** The next event that was not returned yet. */
  async next(): Promise<StreamEvent> {
    await this.until(() => this.unread < this.events.length);
    const event = this.events[this.unread++];
    if (!event) throw new Error('the stream ended without another event');
    return event;
  }

  /** Waits until a condition holds or the stream has ended. */
  async until(holds: () => boolean): Promise<void> {
    const timer = setTimeout(() => this.response.destroy(new Error('nothing came')), PATIENCE_MS);
    while (!holds() && !this.hasEnded) await new Promise<void>((resolve) => this.waiting.push(resolve));
    clearTimeout(timer);
  }

  /** Waits until the service ends the stream. */
  async end(): Promise<void> {
    await this.until(() => false);
    if (!this.response.complete) throw new Error('the stream was not ended but broken');
  }

  /** Drops the connection, like a closed browser. */
  vanish(): void {
    this.response.destroy();
  }

  private take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name === '') this.heartbeats++;
      else fields.set(name, value);
    }
    const [id, event, data] = ['id', 'event', 'data'].map((name) => fields.get(name));
    if (fields.has('retry')) this.retry = Number(fields.get('retry'));
    if (id === undefined || event === undefined || data === undefined) return;
    this.events.push({ id, event, data: JSON.parse(data) as StreamEvent['data'] });
  }

  private wake(): void {
    this.waiting.splice(0).forEach((resolve) => resolve());
  }
}
