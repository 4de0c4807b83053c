import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';

/** How far this instance is on its way out. It still answers what it accepted. */
@Injectable()
export class Shutdown implements BeforeApplicationShutdown {
  /** Not ready any more. */
  hasBegun = false;
  /** Replies end their connections: the listener closes in a moment. */
  endsConnections = false;
  /** All that was accepted has been answered: the stores stay open until then. */
  answered: Promise<void> = Promise.resolve();

  async beforeApplicationShutdown(): Promise<void> {
    this.hasBegun = true;
    this.endsConnections = true;
    await this.answered;
  }
}
