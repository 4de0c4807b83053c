import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { HealthController } from './health.controller.js';
import { OpenedGuard } from './opened.guard.js';
import { Shutdown } from './shutdown.js';

/** What runs the service: health, and how it starts and stops. */
@Module({
  controllers: [HealthController],
  providers: [Shutdown, { provide: APP_GUARD, useClass: OpenedGuard }],
})
export class OpsModule {}
