import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Event } from './event.entity.js';

/** A delivery of an event to one receiver: pending, or given up. Success deletes the row. */
@Entity('webhook_deliveries')
@Index('ix_webhook_deliveries_receiver_next_at', ['receiver', 'nextAt'])
export class WebhookDelivery {
  @PrimaryColumn({ name: 'event_id', type: 'varchar', length: 36 })
  eventId!: string;

  @ManyToOne(() => Event, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'event_id' })
  event?: Event;

  /** Fingerprint of the URL, because the URL may contain a secret. */
  @PrimaryColumn({ type: 'varchar', length: 43 })
  receiver!: string;

  @Column({ type: 'integer' })
  attempts!: number;

  /** When the next attempt is due; the end of the lease during an attempt. */
  @Column({ name: 'next_at', type: 'datetime', precision: 3 })
  nextAt!: Date;

  /** When the delivery was given up; `null` before. */
  @Column({ name: 'given_up_at', type: 'datetime', precision: 3, nullable: true })
  givenUpAt!: Date | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;
}
