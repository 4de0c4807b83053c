import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { type Listening, listening } from './listening.js';
import type { MovableClock } from './movable-clock.js';

/** A received webhook with a valid signature. Repeats are recorded too. */
export interface Received {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly userId: string };
  readonly headers: Readonly<Record<string, string>>;
  /** The raw body. */
  readonly body: string;
}

/**
 * Tolerated difference between timestamp and clock. Outside of it a webhook counts as a replay (Standard
 * Webhooks).
 */
const TOLERANCE_SECONDS = 5 * 60;

/** Receives webhooks like another service: verifies the signature and returns the status that a test sets. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  /** Requests that are not valid webhooks. Must stay empty. */
  readonly forged: string[] = [];
  private answer: number | 'nothing' = 204;
  private readonly waiting: ServerResponse[] = [];
  private arrived: () => void = () => undefined;

  private constructor(
    private readonly listening: Listening,
    private readonly secret: string,
    private readonly clock: MovableClock,
  ) {}

  /** Value of WEBHOOK_URLS. */
  get url(): string {
    return `${this.listening.url}/hooks`;
  }

  /** @param clock the service's clock; the library's own check uses the system clock */
  static async listen(secret: string, clock: MovableClock): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(await listening(server), secret, clock);
    server.on('request', (request, response) => void receiver.take(request, response));
    return receiver;
  }

  /** Sets the status for all further webhooks. `nothing` leaves them unanswered until `release`. */
  answers(answer: number | 'nothing'): void {
    this.answer = answer;
  }

  /** Answers unanswered webhooks, oldest first. @param most maximum number */
  release(status = 204, most = Infinity): void {
    for (const response of this.waiting.splice(0, most)) response.writeHead(status).end();
  }

  /** Resolves when the next webhook has arrived. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.arrived = resolve;
    });
  }

  /** The webhooks about a user, including repeats. */
  about(userId: string, type?: string): Received[] {
    return this.received.filter(
      (each) => each.data.userId === userId && (type === undefined || each.type === type),
    );
  }

  close(): Promise<void> {
    return this.listening.close();
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    if (request.method === 'POST' && request.url === '/hooks' && this.isSigned(headers, body)) {
      const { type, timestamp, data } = JSON.parse(body) as Pick<Received, 'type' | 'timestamp' | 'data'>;
      this.received.push({ id: headers['webhook-id'] ?? '', type, timestamp, data, headers, body });
    } else {
      this.forged.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
    }
    if (this.answer === 'nothing') this.waiting.push(response);
    else if (this.answer === 302) response.writeHead(302, { location: `${this.url}/elsewhere` }).end();
    else response.writeHead(this.answer).end('{"thanks":true}');
    this.arrived();
  }

  private isSigned(headers: Readonly<Record<string, string>>, body: string): boolean {
    const at = Number(headers['webhook-timestamp']);
    const signature = new Webhook(this.secret).sign(headers['webhook-id'] ?? '', new Date(at * 1000), body);
    return (
      (headers['webhook-signature'] ?? '').split(' ').includes(signature) &&
      Math.abs(at - this.clock.now() / 1000) <= TOLERANCE_SECONDS
    );
  }
}
