import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { Shutdown } from './shutdown.js';

/** What runs the service: health. */
@Module({ controllers: [HealthController], providers: [Shutdown] })
export class OpsModule {}
