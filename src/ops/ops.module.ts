import { FollowedStreams } from '../http/followed-streams.js';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { HealthController } from './health.controller.js';
import { OpenedGuard } from './opened.guard.js';
import type { RequestLog } from './request-log.js';
import { Shutdown } from './shutdown.js';

/** Operation of the service: health checks, startup and shutdown. */
@Module({})
export class OpsModule {
  /** @param requests the log of the HTTP server, which writes before the modules exist */
  static forRoot(requests: RequestLog): DynamicModule {
    return {
      module: OpsModule,
      global: true,
      controllers: [HealthController],
      providers: [
        Shutdown,
        { provide: APP_GUARD, useClass: OpenedGuard },
        { provide: FollowedStreams, useValue: requests },
      ],
      exports: [FollowedStreams],
    };
  }
}
