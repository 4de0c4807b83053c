import type { Fault, Faults } from './fault.js';
import { Task } from './task.js';
import type { VirtualTime } from './virtual-time.js';

/** A call of wx.request or wx.uploadFile. */
export interface Sent {
  /** Method and path. */
  readonly call: string;
  readonly data: unknown;
  readonly header: Readonly<Record<string, string>>;
  /** What the server has answered, whether it arrived or not. */
  status?: number;
}

export interface Reply {
  readonly statusCode: number;
  readonly data: unknown;
  readonly header: Readonly<Record<string, string>>;
}

export interface RequestOptions {
  readonly url: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly header?: Readonly<Record<string, string>>;
  readonly timeout?: number;
  readonly filePath?: string;
  readonly name?: string;
  readonly enableChunked?: boolean;
  readonly success?: (reply: Reply) => void;
  readonly fail?: (failure: { readonly errMsg: string }) => void;
  readonly complete?: (outcome: object) => void;
}

/** wx.request and wx.uploadFile over real HTTP, with WeChat's defaults: JSON is sent, uploads give text. */
export class Network {
  readonly sent: Sent[] = [];
  /** Nothing arrives, and wx.login fails. */
  isOffline = false;

  constructor(
    private readonly faults: Faults,
    private readonly time: VirtualTime,
    /** Called when the server has answered; the answer is not there yet. */
    private readonly heard: (sent: Sent) => void = () => undefined,
  ) {}

  /** Number of calls so far. @param call the beginning of method and path */
  callsOf(call: string): number {
    return this.sent.filter((each) => each.call.startsWith(call)).length;
  }

  readonly request = (options: RequestOptions): Task['functions'] => {
    const { method = 'GET', data, header } = options;
    const body = data === undefined || method === 'GET' ? {} : { body: JSON.stringify(data) };
    const headers = { 'content-type': 'application/json', ...header };
    return this.start('request', options, () => Promise.resolve({ method, headers, ...body }), parsed);
  };

  readonly uploadFile = (options: RequestOptions): Task['functions'] =>
    this.start(
      'uploadFile',
      { ...options, method: 'POST' },
      async () => {
        const file = await fetch(options.filePath ?? '');
        const body = new FormData();
        body.append(options.name ?? '', await file.blob(), 'picture');
        return { method: 'POST', headers: { ...options.header }, body };
      },
      (text) => text,
    );

  private start(
    api: string,
    options: RequestOptions,
    prepare: () => Promise<RequestInit>,
    read: (text: string) => unknown,
  ): Task['functions'] {
    const { url, method = 'GET', data, header = {}, success, fail, complete } = options;
    const { pathname } = new URL(url);
    const sent: Sent = { call: `${method} ${pathname}`, data, header };
    this.sent.push(sent);
    const fault = this.isOffline ? ({ kind: 'lost-before' } as const) : this.faults.take(sent.call);
    if (fault?.kind === 'throws') throw new Error(`${api}:fail parameter error`);

    let isSettled = false;
    const settle = (then: (() => void) | undefined): void => {
      if (isSettled) return;
      isSettled = true;
      then?.();
    };
    const failWith = (errMsg: string): void =>
      settle(() => {
        fail?.({ errMsg });
        complete?.({ errMsg });
      });
    const succeedWith = (reply: Reply): void =>
      settle(() => {
        success?.(reply);
        complete?.(reply);
      });
    const task = new Task(api, () => failWith(`${api}:fail abort`));
    const serve = async (): Promise<Reply> => {
      const reply = await fetch(url, await prepare());
      const text = await reply.text();
      sent.status = reply.status;
      this.heard(sent);
      const header = Object.fromEntries(reply.headers);
      task.tellReply(header, text, options.enableChunked === true);
      return { statusCode: reply.status, data: read(text), header };
    };
    void this.time.during(
      this.outcome(fault, serve).then(
        (outcome) => {
          if (outcome === null) return;
          if (typeof outcome === 'string') failWith(`${api}:fail ${outcome}`.trim());
          else succeedWith(outcome);
        },
        (error: unknown) => failWith(`${api}:fail ${String(error)}`),
      ),
    );
    return task.functions;
  }

  /** @returns the reply, why it fails, or `null` where neither callback is called */
  private async outcome(
    fault: Fault | undefined,
    serve: () => Promise<Reply>,
  ): Promise<Reply | string | null> {
    switch (fault?.kind) {
      case 'lost-before':
        await soon();
        return fault.errMsg ?? '';
      case 'lost-after':
        await serve();
        return fault.errMsg ?? 'timeout';
      case 'hangs':
        if (fault.isDone === true) await serve();
        return null;
      case 'answer':
        if (fault.isDone === true) await serve();
        else await soon();
        return { statusCode: fault.status, data: fault.body ?? '', header: fault.header ?? {} };
      case 'waits':
        await fault.until;
        return serve();
      default:
        return serve();
    }
  }
}

/** As in WeChat, no callback is called before the function has returned. */
export const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
