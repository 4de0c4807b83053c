import { connect, createServer, type Server, type Socket } from 'node:net';

/** A cable between the service and a server, that a test can cut, hold, or make forget its connections. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private readonly forgotten = new WeakSet<Socket>();
  private holding = false;
  private server: Server | null = null;
  private trips = 0;
  private port = 0;

  constructor(private readonly target: { readonly host: string; readonly port: number }) {}

  /** @returns the port to connect to; the same one every time */
  async open(): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ ...this.target, allowHalfOpen: true });
      const silent = () => this.holding || this.forgotten.has(near);
      this.track(near, far);
      let answered = true;
      near.on('data', (data) => {
        // What is sent in several packets before the answer is one trip.
        if (answered) this.trips++;
        answered = false;
        if (!silent()) far.write(data);
      });
      near.on('end', () => silent() || far.end());
      far.on('end', () => silent() || near.end());
      far.on('data', (data) => {
        answered = true;
        if (!silent()) near.write(data);
      });
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.port = address.port;
    this.server = server;
    return this.port;
  }

  /** Requests that went through since the last time somebody asked. */
  takeTrips(): number {
    const { trips } = this;
    this.trips = 0;
    return trips;
  }

  /** The server is gone: connections break, new ones are refused. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
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

  private track(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}
