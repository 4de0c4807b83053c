import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { AppConfig } from '../config/app-config.js';
import { createDataSource, dataSourceOptions } from './data-source.js';
import { DatabaseOpening } from './database-opening.js';
import { Database } from './database.js';
import { ReadinessRow } from './readiness/readiness.entity.js';

/** The connection, the migrations at startup, and `Database`, through which all rooms access their tables. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forFeature([ReadinessRow]),
    TypeOrmModule.forRootAsync({
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        ...dataSourceOptions(config.database),
        autoLoadEntities: true,
        // DatabaseOpening connects. It decides which failures are worth a retry.
        manualInitialization: true,
        retryAttempts: 0,
      }),
      dataSourceFactory: (options?: DataSourceOptions) => {
        if (!options) throw new Error('TypeORM passed no options');
        return Promise.resolve(createDataSource(options));
      },
    }),
  ],
  providers: [Database, DatabaseOpening],
  exports: [Database],
})
export class DatabaseModule {}
