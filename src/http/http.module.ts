import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { ProblemFilter } from './problem.filter.js';
import { QueryGuard } from './query.guard.js';
import { RouteTable } from './route-table.js';

/** Converts all errors to problem+json and checks every query. */
@Global()
@Module({
  providers: [
    RouteTable,
    ProblemFilter,
    { provide: APP_FILTER, useExisting: ProblemFilter },
    { provide: APP_GUARD, useClass: QueryGuard },
  ],
  exports: [ProblemFilter, RouteTable],
})
export class HttpModule {}
