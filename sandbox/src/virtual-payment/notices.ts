import type { PushFields } from '../push/fields.js';
import { eventMessage } from '../push/message.js';
import type { Delivery } from '../push/pushes.js';
import { digits, type Order } from '../state/orders.js';
import type { World } from '../state/world.js';

/** A notice that is being sent: `first` resolves after its first try. */
export interface Notice {
  delivery: Delivery;
  first: Promise<void>;
}

/**
 * Pushes that an order is paid (section 13.4). With `ErrCode` 0 it counts as delivered.
 * @param createTime unix seconds; default: now
 */
export function notifyPaid(world: World, order: Order, createTime?: number): Notice | null {
  if (order.env === 1 && !world.settings.sandboxEnvNotices) return null;
  const sum = { Quantity: order.quantity, OrigPrice: order.origFee, ActualPrice: order.paidFee };
  const what = { ...sum, Attach: order.attach };
  const notice = notify(world, order, {
    event: order.productId === null ? 'xpay_coin_pay_notify' : 'xpay_goods_deliver_notify',
    createTime,
    fields: {
      OutTradeNo: order.orderId,
      Env: order.env,
      WeChatPayInfo: {
        MchOrderNo: order.channelOrderId,
        TransactionId: order.wxpayOrderId,
        PaidTime: seconds(order.paidAt),
      },
      ...(order.productId === null
        ? { CoinInfo: what }
        : { GoodsInfo: { ProductId: order.productId, ...what } }),
    },
    onDelivered: () => world.orders.deliver(order),
  });
  if (notice.delivery.state !== 'unsent') world.orders.startDelivery(order);
  return notice;
}

/** Pushes that a refund succeeded (section 13.4). */
export function notifyRefund(
  world: World,
  order: Order,
  refund: { refundOrderId: string; wxRefundId: string; fee: number },
): Notice {
  const now = seconds(world.clock.now());
  return notify(world, order, {
    event: 'xpay_refund_notify',
    fields: {
      WxRefundId: refund.wxRefundId,
      MchRefundId: refund.refundOrderId,
      WxOrderId: order.wxOrderId,
      MchOrderId: order.orderId,
      RefundFee: refund.fee,
      RetCode: 0,
      RetMsg: 'success',
      RefundStartTimestamp: now,
      RefundSuccTimestamp: now,
      WxpayRefundTransactionId: digits(28),
    },
  });
}

interface Told {
  event: string;
  fields: PushFields;
  createTime?: number | undefined;
  onDelivered?: () => void;
}

function notify(world: World, { appId, personId }: Order, told: Told): Notice {
  const person = world.people.find(personId);
  const openId = person ? world.people.openId(person, appId) : '';
  const createTime = told.createTime ?? seconds(world.clock.now());
  const message = eventMessage({ appId, event: told.event, openId, unionId: null, createTime }, told.fields);
  const manner = world.pushAccounts.find(appId) ?? null;
  return world.pushes.send(message, { manner, onDelivered: told.onDelivered });
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
