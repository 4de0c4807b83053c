import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { HealthController } from './health.controller.js';
import { OpenedGuard } from './opened.guard.js';
import { Shutdown } from './shutdown.js';

/** Operation of the service: health checks, startup and shutdown. */
@Module({
  controllers: [HealthController],
  providers: [Shutdown, { provide: APP_GUARD, useClass: OpenedGuard }],
})
export class OpsModule {}
