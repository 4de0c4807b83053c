import { connect, createServer, type Socket } from 'node:net';
import { type Listening, listening } from './listening.js';

/** A TCP proxy in front of a server. A test can cut it, hold it, or make it drop its connections silently. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private readonly forgotten = new WeakSet<Socket>();
  private holding = false;
  private keptText: string | null = null;
  private breaking: { readonly text: string; readonly delivered: boolean; times: number } | null = null;
  private rewriting: readonly [from: string, to: string] | null = null;
  private readonly kept: (() => void)[] = [];
  private listening: Listening | null = null;
  private trips = 0;
  private port = 0;

  constructor(private target: { readonly host: string; readonly port: number }) {}

  /** @returns the port of the proxy; the same on every call */
  async open(): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ ...this.target, allowHalfOpen: true });
      const silent = () => this.holding || this.forgotten.has(near);
      this.track(near, far);
      let answered = true;
      near.on('data', (sent) => {
        const data = this.rewritten(sent);
        // Several packets before an answer count as one round trip.
        if (answered) this.trips++;
        answered = false;
        if (silent()) return;
        if (this.breaking !== null && data.includes(this.breaking.text)) {
          if (this.breaking.delivered) far.write(data);
          near.destroy();
          if (--this.breaking.times === 0) this.breaking = null;
          return;
        }
        if (this.keptText !== null && data.includes(this.keptText)) this.kept.push(() => far.write(data));
        else far.write(data);
      });
      near.on('end', () => {
        if (silent()) return;
        // Keeps the order of data and end.
        if (this.keptText === null) far.end();
        else this.kept.push(() => far.end());
      });
      far.on('end', () => silent() || near.end());
      far.on('data', (data) => {
        answered = true;
        if (!silent()) near.write(data);
      });
    });
    this.listening = await listening(server, this.port);
    this.port = this.listening.port;
    return this.port;
  }

  /** Redirects new connections to another server. Existing ones stay, as after a DNS change. */
  lead(target: { readonly host: string; readonly port: number }): void {
    this.target = target;
  }

  /** Number of round trips since the last call. */
  takeTrips(): number {
    const { trips } = this;
    this.trips = 0;
    return trips;
  }

  /** Simulates a dead server: connections are reset, new ones refused. */
  async cut(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await this.listening?.close();
  }

  /**
   * Starts or stops to drop all data. When it stops, all connections are closed, because their data is
   * lost.
   */
  hold(on: boolean): void {
    this.holding = on;
    if (!on) for (const socket of this.sockets) socket.destroy();
  }

  /** Drops all data of the existing connections silently, including their end. New connections work. */
  forget(): void {
    for (const socket of this.sockets) this.forgotten.add(socket);
  }

  /** Delays the data that contains this text until `deliver`, even if the client disconnects. */
  keepBack(text: string): void {
    this.keptText = text;
  }

  /** Delivers the delayed data. */
  deliver(): void {
    this.keptText = null;
    for (const say of this.kept.splice(0)) say();
  }

  /**
   * Breaks the next connections that send this text.
   * @param delivered whether the server receives the data; its answer is lost in any case
   */
  breakAt(text: string, times: number, delivered: boolean): void {
    this.breaking = { text, times, delivered };
  }

  /** Replaces text on the way to the server. @param to replacement of the same length */
  rewrite(from: string, to: string): void {
    if (from.length !== to.length) throw new Error('of the same length');
    this.rewriting = [from, to];
  }

  private rewritten(data: Buffer): Buffer {
    if (this.rewriting === null) return data;
    return Buffer.from(data.toString('latin1').replaceAll(...this.rewriting), 'latin1');
  }

  private track(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        // A busy server notices a lost client only when it has finished.
        if (this.keptText === null) other.end();
      });
    }
  }
}
