import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ProblemFilter } from './problem.filter.js';
import { RouteTable } from './route-table.js';

/** problem+json on every error. */
@Global()
@Module({
  providers: [RouteTable, ProblemFilter, { provide: APP_FILTER, useExisting: ProblemFilter }],
  exports: [ProblemFilter, RouteTable],
})
export class ProblemModule {}
