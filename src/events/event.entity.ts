import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Something that happened: the audit trail. Rows are only ever added, and pruned by age. */
@Entity('events')
export class Event {
  /** UUIDv7: sorts by time. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ type: 'varchar', length: 64 })
  type!: string;

  @Column({ name: 'user_id', type: 'varchar', length: 36, nullable: true })
  userId!: string | null;

  /** Who did it: `user`, `system`, `admin:<key name>`, `wechat`. */
  @Column({ type: 'varchar', length: 128 })
  actor!: string;

  @Column({ type: 'varchar', length: 45, nullable: true })
  ip!: string | null;

  @Column({ name: 'request_id', type: 'varchar', length: 64, nullable: true })
  requestId!: string | null;

  /** What is special about it. Never a secret. */
  @Column({ type: 'simple-json' })
  details!: Record<string, unknown>;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  /** Since when it waits to be handed over to the deliveries of the webhooks; `null` where nothing is to be done. */
  @Column({ name: 'outbox_at', type: 'datetime', precision: 3, nullable: true })
  outboxAt!: Date | null;

  /** When the last receiver of the webhooks got it; `null` while some have not, and for what does not go out. */
  @Column({ name: 'delivered_at', type: 'datetime', precision: 3, nullable: true })
  deliveredAt!: Date | null;
}
