import { type DynamicModule, Module } from '@nestjs/common';
import { PollInterval } from './poll-interval.js';
import { WorkerServices } from './worker-services.js';

/** Background work: what its workers share. */
@Module({})
export class BackgroundModule {
  /** @param pollInterval a test may bring a shorter one */
  static forRoot(pollInterval = new PollInterval()): DynamicModule {
    return {
      module: BackgroundModule,
      global: true,
      providers: [{ provide: PollInterval, useValue: pollInterval }, WorkerServices],
      exports: [WorkerServices],
    };
  }
}
