/** Reads Server-Sent Events as they come. */
export class EventReader {
  private unread = '';

  private constructor(
    private readonly reader: ReadableStreamDefaultReader<Uint8Array>,
    private readonly stop: AbortController,
  ) {}

  /** @throws Error where the address answers with something else */
  static async open(url: string, headers: Readonly<Record<string, string>>): Promise<EventReader> {
    const stop = new AbortController();
    const reply = await fetch(url, { headers, signal: stop.signal });
    if (reply.status !== 200 || !reply.body) throw new Error(`${reply.status} ${await reply.text()}`);
    return new EventReader(reply.body.getReader(), stop);
  }

  /**
   * The data of the next event.
   * @throws Error where none comes within 5 s
   */
  async next(): Promise<unknown> {
    const late = AbortSignal.timeout(5_000);
    late.addEventListener('abort', () => this.close());
    for (;;) {
      const [event, ...rest] = this.unread.split('\n\n');
      if (rest.length > 0) {
        this.unread = rest.join('\n\n');
        const data = /^data: (.*)$/m.exec(event ?? '')?.[1];
        if (data !== undefined) return JSON.parse(data) as unknown;
        continue;
      }
      const { value, done } = await this.reader.read();
      if (done) throw new Error('the stream has ended');
      this.unread += new TextDecoder().decode(value);
    }
  }

  close(): void {
    this.stop.abort();
  }
}
