import { randomBytes } from 'node:crypto';
import type { SandboxClock } from './clock.js';
import { dropOldest } from './drop-oldest.js';
import type { PayEnv } from './pay-keys.js';

/** `status` of an order (section 13.3); the others do not occur here. */
export const ORDER_STATUS = { paid: 2, delivering: 3, delivered: 4, refunded: 5 } as const;
export type OrderStatus = (typeof ORDER_STATUS)[keyof typeof ORDER_STATUS];

/** What a person pays. Amounts are in fen. */
export interface Purchase {
  appId: string;
  env: PayEnv;
  personId: string;
  /** `outTradeNo` of the mini program, `order_id` of the server's calls. */
  orderId: string;
  /** Null: tokens. */
  productId: string | null;
  quantity: number;
  /** Before a discount. */
  origFee: number;
  paidFee: number;
  attach: string;
}

/** A paid order of virtual payment. */
export interface Order extends Purchase {
  wxOrderId: string;
  channelOrderId: string;
  wxpayOrderId: string;
  status: OrderStatus;
  /** Times in milliseconds. */
  paidAt: number;
  updatedAt: number;
  /** Null: not delivered yet. */
  providedAt: number | null;
  /** What is not refunded. */
  leftFee: number;
  /** `refund_order_id` of the refunds so far. */
  readonly refunds: Set<string>;
}

const MOST_ORDERS = 20_000;

/** The paid orders. */
export class Orders {
  /** By AppID and orderId: an outTradeNo is used once, whatever the environment. */
  private readonly byNumber = new Map<string, Order>();

  constructor(private readonly clock: SandboxClock) {}

  add(purchase: Purchase): Order {
    const now = this.clock.now();
    const order: Order = {
      ...purchase,
      wxOrderId: digits(28),
      channelOrderId: digits(28),
      wxpayOrderId: digits(28),
      status: ORDER_STATUS.paid,
      paidAt: now,
      updatedAt: now,
      providedAt: null,
      leftFee: purchase.paidFee,
      refunds: new Set(),
    };
    this.byNumber.set(`${order.appId} ${order.orderId}`, order);
    dropOldest(this.byNumber, MOST_ORDERS);
    return order;
  }

  /** By the number of the merchant. */
  find(appId: string, orderId: string): Order | undefined {
    return this.byNumber.get(`${appId} ${orderId}`);
  }

  /** By WeChat's number. */
  findByWxOrderId(appId: string, wxOrderId: string): Order | undefined {
    return this.all().find((order) => order.appId === appId && order.wxOrderId === wxOrderId);
  }

  /** Newest first. */
  all(): Order[] {
    return [...this.byNumber.values()].reverse();
  }

  /** The service is being told of it. */
  startDelivery(order: Order): void {
    if (order.status === ORDER_STATUS.paid) this.move(order, ORDER_STATUS.delivering);
  }

  /** The service has delivered it. A refunded order stays refunded. */
  deliver(order: Order): void {
    order.providedAt ??= this.clock.now();
    if (order.status < ORDER_STATUS.delivered) this.move(order, ORDER_STATUS.delivered);
  }

  /** Takes `fee` off what is left. */
  refund(order: Order, refundOrderId: string, fee: number): void {
    order.refunds.add(refundOrderId);
    order.leftFee -= fee;
    this.move(order, order.leftFee === 0 ? ORDER_STATUS.refunded : order.status);
  }

  reset(): void {
    this.byNumber.clear();
  }

  private move(order: Order, status: OrderStatus): void {
    order.status = status;
    order.updatedAt = this.clock.now();
  }
}

/** A number of WeChat's, as text. */
export function digits(length: number): string {
  return [...randomBytes(length)].map((byte) => byte % 10).join('');
}
