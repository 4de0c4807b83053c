import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { EphemeralStore } from './ephemeral-store.js';
import { MemoryStore } from './memory-store.js';
import { RedisStore } from './redis/store.js';

/** The shared short-lived state: in Redis if REDIS_URL is set, otherwise in memory. */
@Global()
@Module({
  providers: [
    {
      provide: EphemeralStore,
      inject: [AppConfig, Clock],
      useFactory: async (config: AppConfig, clock: Clock): Promise<EphemeralStore> => {
        if (config.redis === null) return new MemoryStore(clock);
        const store = new RedisStore(config.redis, new Logger('RedisStore'));
        await store.connect();
        return store;
      },
    },
  ],
  exports: [EphemeralStore],
})
export class EphemeralModule implements OnApplicationShutdown {
  constructor(@Inject(EphemeralStore) private readonly store: EphemeralStore) {}

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
