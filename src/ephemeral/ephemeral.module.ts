import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { EphemeralStore } from './ephemeral-store.js';
import { MemoryStore } from './memory-store.js';
import { RedisStore } from './redis-store.js';

/** The shared short-lived state: Redis where REDIS_URL names one, memory otherwise. */
@Global()
@Module({
  providers: [
    {
      provide: EphemeralStore,
      inject: [AppConfig, Clock],
      useFactory: async (config: AppConfig, clock: Clock): Promise<EphemeralStore> => {
        if (config.redisUrl === null) return new MemoryStore(clock);
        const logger = new Logger('RedisStore');
        const store = new RedisStore(config.redisUrl, (error) => logger.warn(`Redis: ${error.name}`));
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
