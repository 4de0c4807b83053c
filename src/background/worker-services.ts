import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Metrics } from '../common/metrics.js';
import { Database } from '../database/database.js';
import { PollInterval } from './poll-interval.js';

/** What every worker stands on. */
@Injectable()
export class WorkerServices {
  constructor(
    readonly database: Database,
    readonly clock: Clock,
    readonly metrics: Metrics,
    readonly pollInterval: PollInterval,
  ) {}
}
