import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';

/** Progress of the shutdown of this instance. Accepted requests are still answered. */
@Injectable()
export class Shutdown implements BeforeApplicationShutdown {
  /** The instance is not ready any more. */
  hasBegun = false;
  /** Replies close their connections, because the listener closes soon. */
  endsConnections = false;
  /** Resolves when all accepted requests have been answered. The stores stay open until then. */
  answered: Promise<void> = Promise.resolve();

  async beforeApplicationShutdown(): Promise<void> {
    this.hasBegun = true;
    this.endsConnections = true;
    await this.answered;
  }
}
