import { connect, createServer, type Socket } from 'node:net';
import { type Listening, listening } from './listening.js';

/** A cable between the service and a server, that a test can cut, hold, or make forget its connections. */
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

  /** @returns the port to connect to; the same one every time */
  async open(): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ ...this.target, allowHalfOpen: true });
      const silent = () => this.holding || this.forgotten.has(near);
      this.track(near, far);
      let answered = true;
      near.on('data', (sent) => {
        const data = this.rewritten(sent);
        // What is sent in several packets before the answer is one trip.
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
        // In the order in which it was said.
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

  /** New connections lead to another server; those that there are stay where they are, as when a name changes. */
  lead(target: { readonly host: string; readonly port: number }): void {
    this.target = target;
  }

  /** Requests that went through since the last time somebody asked. */
  takeTrips(): number {
    const { trips } = this;
    this.trips = 0;
    return trips;
  }

  /** The server is gone: connections break, new ones are refused. */
  async cut(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await this.listening?.close();
  }

  /** The network swallows everything, or no more; what was swallowed is lost and its connections with it. */
  hold(on: boolean): void {
    this.holding = on;
    if (!on) for (const socket of this.sockets) socket.destroy();
  }

  /** The network swallows what is said on the connections that there are, goodbyes too; new ones are fine. */
  forget(): void {
    for (const socket of this.sockets) this.forgotten.add(socket);
  }

  /** The network is slow: what has this text in it stays under way until `deliver`, also where its client has gone. */
  keepBack(text: string): void {
    this.keptText = text;
  }

  /** What was kept back arrives. */
  deliver(): void {
    this.keptText = null;
    for (const say of this.kept.splice(0)) say();
  }

  /**
   * The next connections that say this break at that moment.
   * @param delivered whether the server gets to know what was said; its answer is lost either way
   */
  breakAt(text: string, times: number, delivered: boolean): void {
    this.breaking = { text, times, delivered };
  }

  /** Something in between changes what is said to the server. @param to as long as what it stands for */
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
        // A server that is at work notices that its client is gone when it is done.
        if (this.keptText === null) other.end();
      });
    }
  }
}
