import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An event of the audit trail. Rows are inserted, and pruned by age. */
@Entity('events')
export class Event {
  /** UUIDv7, so ids sort by time. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ type: 'varchar', length: 64 })
  type!: string;

  @Column({ name: 'user_id', type: 'varchar', length: 36, nullable: true })
  userId!: string | null;

  /** Who caused it: `user`, `system`, `wechat`, `admin:<key name>` or `service:<key name>`. */
  @Column({ type: 'varchar', length: 128 })
  actor!: string;

  @Column({ type: 'varchar', length: 45, nullable: true })
  ip!: string | null;

  @Column({ name: 'request_id', type: 'varchar', length: 64, nullable: true })
  requestId!: string | null;

  /** Ids, reasons and counts. Never a secret. */
  @Column({ type: 'simple-json' })
  details!: Record<string, unknown>;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  /** When the event was put into the outbox of the webhooks; `null` if it is not in the outbox. */
  @Column({ name: 'outbox_at', type: 'datetime', precision: 3, nullable: true })
  outboxAt!: Date | null;

  /**
   * When the last receiver took the webhook; `null` while a delivery is open, and for events that webhooks do
   * not deliver.
   */
  @Column({ name: 'delivered_at', type: 'datetime', precision: 3, nullable: true })
  deliveredAt!: Date | null;
}
