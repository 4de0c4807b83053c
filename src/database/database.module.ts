import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { StartFault } from '../common/start-fault.js';
import { AppConfig } from '../config/app-config.js';
import { dataSourceOptions, openDataSource } from './data-source.js';
import { Database } from './database.js';
import { ReadinessRow } from './readiness.entity.js';

/** The connection, the migrations at start, and `Database`, the way to the tables for every room that has some. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forFeature([ReadinessRow]),
    TypeOrmModule.forRootAsync({
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        ...dataSourceOptions(config.database),
        autoLoadEntities: true,
        // What the operator has to mend ends the start at once.
        toRetry: (error: unknown) => !(error instanceof StartFault),
      }),
      dataSourceFactory: (options?: DataSourceOptions) => {
        if (!options) throw new Error('TypeORM passed no options');
        return openDataSource(options);
      },
    }),
  ],
  providers: [Database],
  exports: [Database],
})
export class DatabaseModule {}
