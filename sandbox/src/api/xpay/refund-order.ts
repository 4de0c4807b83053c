import { digits } from '../../state/orders.js';
import { notifyRefund } from '../../virtual-payment/notices.js';
import type { Endpoint } from '../endpoint.js';
import { orderOf } from './checks.js';
import { aboutPerson } from './endpoint.js';
import { badParameter, leftFeeWrong, repeated } from './refusals.js';

const REASONS = ['0', '1', '2', '3', '4', '5'];
const REQUESTED_BY = ['1', '2', '3'];
const REFUND_NUMBER = /^[0-9A-Za-z_-]{8,32}$/;

/**
 * Section 13.3, starts a refund, which succeeds at once; `xpay_refund_notify` tells it. The refund_order_id is used
 * once: a repeat is 268490004.
 *
 * Query: access_token, pay_sig. JSON body: openid, env, order_id or wx_order_id, refund_order_id, left_fee (what is not
 * refunded yet, else 268490016), refund_fee (fen), biz_meta, refund_reason, req_from. Reply: `{ errcode: 0,
 * errmsg: "ok", refund_order_id, refund_wx_order_id, pay_order_id, pay_wx_order_id }`.
 * Errors: 43002, 41001, 40014, 40001, 42001, 48001, 44002, 47001, 268490001-4, 268490016.
 */
export const refundOrder: Endpoint = aboutPerson({
  path: '/xpay/refund_order',
  needsSignature: false,
  read(body) {
    const asked = {
      number: body.order(),
      refundOrderId: body.text('refund_order_id'),
      leftFee: body.integer('left_fee', 0),
      fee: body.integer('refund_fee', 1),
    };
    body.oneOf('refund_reason', REASONS);
    body.oneOf('req_from', REQUESTED_BY);
    if (!REFUND_NUMBER.test(asked.refundOrderId)) throw badParameter('refund_order_id');
    return asked;
  },
  answer({ number, refundOrderId, leftFee, fee }, checked, world) {
    const order = orderOf(number, world, checked, checked.person);
    if (order.refunds.has(refundOrderId)) throw repeated();
    if (leftFee !== order.leftFee) throw leftFeeWrong();
    if (fee > leftFee) throw badParameter('refund_fee');
    const wxRefundId = digits(28);
    world.orders.refund(order, refundOrderId, fee);
    notifyRefund(world, order, { refundOrderId, wxRefundId, fee });
    return {
      refund_order_id: refundOrderId,
      refund_wx_order_id: wxRefundId,
      pay_order_id: order.orderId,
      pay_wx_order_id: order.wxOrderId,
    };
  },
});
