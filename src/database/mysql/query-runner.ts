import type { PoolConnection } from 'mysql2';
import type { MysqlDriver } from 'typeorm/driver/mysql/MysqlDriver.js';
import { MysqlQueryRunner } from 'typeorm/driver/mysql/MysqlQueryRunner.js';

/**
 * TypeORM's query runner on a connection that an operation has taken from the pool. The operation returns the
 * connection; `release` only ends the use of the runner.
 */
export class HeldQueryRunner extends MysqlQueryRunner {
  constructor(driver: MysqlDriver, held: PoolConnection) {
    super(driver, 'master');
    this.databaseConnection = held;
    this.manager = driver.dataSource.createEntityManager(this);
  }

  override release(): Promise<void> {
    this.isReleased = true;
    return Promise.resolve();
  }
}
