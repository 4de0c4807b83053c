import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where a walk through a table is, for whoever goes on with it. */
@Entity('table_walks')
export class TableWalk {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  name!: string;

  /** Primary key of the last row that is done; empty at the beginning. */
  @Column({ type: 'varchar', length: 36 })
  place!: string;

  /** Until when nobody else goes on with it. */
  @Column({ name: 'lease_until', type: 'datetime', precision: 3 })
  leaseUntil!: Date;

  /** When it last came to the end of the table; `null` while it is under way. */
  @Column({ name: 'finished_at', type: 'datetime', precision: 3, nullable: true })
  finishedAt!: Date | null;
}
