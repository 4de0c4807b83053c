import { type DynamicModule, Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock.js';
import { KeyRing } from '../crypto/key-ring.js';
import { AppConfig } from './app-config.js';

/** Settings, keys and time, for every room. */
@Module({})
export class ConfigModule {
  /**
   * @param config from `loadConfig`
   * @param clock a test brings one that it can move
   */
  static forRoot(config: AppConfig, clock: Clock = new SystemClock()): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [
        { provide: AppConfig, useValue: config },
        { provide: KeyRing, useValue: new KeyRing(config.encryptionKeys) },
        { provide: Clock, useValue: clock },
      ],
      exports: [AppConfig, KeyRing, Clock],
    };
  }
}
