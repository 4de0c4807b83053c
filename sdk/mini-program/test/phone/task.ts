type Listener = (result: object) => void;

/** What a task can tell. */
export type TaskEvent = 'HeadersReceived' | 'ProgressUpdate' | 'ChunkReceived';

/** Of which kind of task the functions are (wx.request and wx.uploadFile). */
const EVENTS: Readonly<Record<string, readonly TaskEvent[]>> = {
  request: ['HeadersReceived', 'ChunkReceived'],
  uploadFile: ['HeadersReceived', 'ProgressUpdate'],
};

/** The task that wx.request and wx.uploadFile return. */
export class Task {
  /** `abort`, and `on…` and `off…` of each event. */
  readonly functions: Readonly<Record<string, (listener?: Listener) => void>>;
  private readonly listeners = new Map<TaskEvent, Set<Listener>>();

  constructor(
    private readonly api: string,
    abort: () => void,
  ) {
    const functions: Record<string, (listener?: Listener) => void> = { abort };
    for (const event of EVENTS[api] ?? []) {
      const listeners = new Set<Listener>();
      this.listeners.set(event, listeners);
      functions[`on${event}`] = (listener) => {
        if (listener) listeners.add(listener);
      };
      functions[`off${event}`] = (listener) => {
        if (listener) listeners.delete(listener);
        else listeners.clear();
      };
    }
    this.functions = functions;
  }

  tell(event: TaskEvent, result: object): void {
    for (const listener of this.listeners.get(event) ?? []) listener(result);
  }

  /** Tells what a reply brings, before `success` is called. */
  tellReply(header: object, text: string, isChunked: boolean): void {
    this.tell('HeadersReceived', { header });
    if (this.api === 'uploadFile')
      this.tell('ProgressUpdate', { progress: 100, totalBytesSent: 9, totalBytesExpectedToSend: 9 });
    if (isChunked) this.tell('ChunkReceived', { data: new TextEncoder().encode(text).buffer });
  }
}
