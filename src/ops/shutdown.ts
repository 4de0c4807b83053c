import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';

/** Whether this instance is on its way out; it still answers what it accepted. */
@Injectable()
export class Shutdown implements BeforeApplicationShutdown {
  hasBegun = false;

  beforeApplicationShutdown(): void {
    this.hasBegun = true;
  }
}
