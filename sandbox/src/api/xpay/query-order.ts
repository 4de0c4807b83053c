import type { Order } from '../../state/orders.js';
import type { Endpoint } from '../endpoint.js';
import { orderOf } from './checks.js';
import { aboutPerson } from './endpoint.js';

/**
 * Section 13.3, an order.
 *
 * Query: access_token, pay_sig. JSON body: openid, env, order_id or wx_order_id. Reply: `{ errcode: 0, errmsg: "ok",
 * order: { order_id, status, env_type (1 live, 2 sandbox), … } }`, amounts in fen, times in unix seconds.
 * Errors: 43002, 41001, 40014, 40001, 42001, 48001, 44002, 47001, 268490001-3.
 */
export const queryOrder: Endpoint = aboutPerson({
  path: '/xpay/query_order',
  needsSignature: false,
  read: (body) => body.order(),
  answer: (number, checked, world) => ({ order: viewOf(orderOf(number, world, checked, checked.person)) }),
});

function viewOf(order: Order): Record<string, unknown> {
  return {
    order_id: order.orderId,
    create_time: seconds(order.paidAt),
    update_time: seconds(order.updatedAt),
    status: order.status,
    biz_type: order.productId === null ? 1 : 2,
    order_fee: order.origFee,
    coupon_fee: order.origFee - order.paidFee,
    paid_fee: order.paidFee,
    order_type: 0,
    refund_fee: order.paidFee - order.leftFee,
    paid_time: seconds(order.paidAt),
    provide_time: order.providedAt === null ? 0 : seconds(order.providedAt),
    biz_meta: order.attach,
    // Not the request's 0 and 1.
    env_type: order.env + 1,
    token: '',
    left_fee: order.leftFee,
    wx_order_id: order.wxOrderId,
    channel_order_id: order.channelOrderId,
    wxpay_order_id: order.wxpayOrderId,
    sett_time: 0,
    sett_state: 0,
    platform_fee_fen: 0,
    cps_fee_fen: 0,
  };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
