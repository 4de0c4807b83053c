import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Listening, listening } from './listening.js';

/** A push as it reached a receiver. */
export interface ReceivedPush {
  /** Path and query as they stood in the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a receiver does with a request. */
export type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

/** Answers at once. */
export function answering(status: number, contentType: string | null, body: string | Buffer): Behaviour {
  return (response) => {
    response.writeHead(status, contentType === null ? {} : { 'content-type': contentType }).end(body);
  };
}

export const SUCCESS = answering(200, 'text/plain', 'success');
/** Never answers. */
export const HANGING: Behaviour = () => undefined;
/** Closes the connection without an answer. */
export const RESETTING: Behaviour = (response) => {
  response.socket?.destroy();
};
/** Sends the head and then a byte now and again. */
export const TRICKLING: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'text/plain' });
  const timer = setInterval(() => response.write('x'), 20);
  response.on('close', () => clearInterval(timer));
};
/** What no HTTP client can read. */
export const SENDING_GARBAGE: Behaviour = (response) => {
  response.socket?.end('this is no HTTP\r\n\r\n');
};
export const ANSWERING_10_MB = answering(200, 'text/plain', Buffer.alloc(10 * 1024 * 1024, 120));

/** A service that receives pushes behind the relay. */
export class PushReceiver {
  readonly received: ReceivedPush[] = [];
  private behaviour: Behaviour = SUCCESS;
  private readonly waiters: (() => void)[] = [];
  private readonly held: ServerResponse[] = [];

  private constructor(
    private current: Listening,
    private readonly port: number,
  ) {}

  static async listen(): Promise<PushReceiver> {
    const server = createServer();
    const open = await listening(server);
    const receiver = new PushReceiver(open, open.port);
    server.on('request', receiver.take);
    return receiver;
  }

  /** Its URL in WECHAT_PUSH_FORWARD. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/push`;
  }

  /** The bodies that it got, as text, in order. */
  get bodies(): string[] {
    return this.received.map(({ body }) => body.toString());
  }

  /** How it treats all further requests. */
  behaves(behaviour: Behaviour): void {
    this.behaviour = behaviour;
  }

  /** Leaves further requests unanswered until `release`. */
  holds(): void {
    this.behaviour = (response) => {
      this.held.push(response);
    };
  }

  /** Answers what it has held. */
  release(body = 'success', contentType = 'text/plain'): void {
    for (const response of this.held.splice(0)) {
      response.writeHead(200, { 'content-type': contentType }).end(body);
    }
  }

  /** Resolves when it has received so many requests in all. */
  async has(count: number): Promise<void> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  /** Refuses connections until `open`. */
  close(): Promise<void> {
    return this.current.close();
  }

  async open(): Promise<void> {
    const server = createServer(this.take);
    this.current = await listening(server, this.port);
  }

  private readonly take = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      this.received.push({ target: request.url ?? '', headers, body: Buffer.concat(chunks) });
      this.behaviour(response, request);
      for (const waiter of this.waiters.splice(0)) waiter();
    });
  };
}
