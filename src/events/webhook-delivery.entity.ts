import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Event } from './event.entity.js';

/** An event that one receiver still has to get, or that was given up. The row goes when the receiver has it. */
@Entity('webhook_deliveries')
@Index('ix_webhook_deliveries_receiver_next_at', ['receiver', 'nextAt'])
export class WebhookDelivery {
  @PrimaryColumn({ name: 'event_id', type: 'varchar', length: 36 })
  eventId!: string;

  @ManyToOne(() => Event, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'event_id' })
  event?: Event;

  /** Fingerprint of the URL, which may hold a secret. */
  @PrimaryColumn({ type: 'varchar', length: 43 })
  receiver!: string;

  @Column({ type: 'integer' })
  attempts!: number;

  /** Not before then; pushed ahead while an instance works on it. */
  @Column({ name: 'next_at', type: 'datetime', precision: 3 })
  nextAt!: Date;

  /** Since when nobody tries any more. */
  @Column({ name: 'given_up_at', type: 'datetime', precision: 3, nullable: true })
  givenUpAt!: Date | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;
}
