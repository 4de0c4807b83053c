import { digits } from '../../state/orders.js';
import { notifyRefund } from '../../virtual-payment/notices.js';
import { checkAppToken } from '../checks.js';
import type { Endpoint } from '../endpoint.js';
import { XpayBody } from './body.js';
import { checkOpenid, checkPaySig, orderOf } from './checks.js';
import { badParameter, leftFeeWrong, repeated } from './refusals.js';

const path = '/xpay/refund_order';
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
export const refundOrder: Endpoint = {
  method: 'POST',
  path,
  answer(call, world) {
    const app = checkAppToken(call, world, ['mini_program']);
    const body = new XpayBody(call.body());
    const place = { app, path, env: body.env() };
    const openid = body.text('openid');
    const number = body.order();
    const refundOrderId = body.text('refund_order_id');
    const leftFee = body.integer('left_fee', 0);
    const fee = body.integer('refund_fee', 1);
    body.oneOf('refund_reason', REASONS);
    body.oneOf('req_from', REQUESTED_BY);
    if (!REFUND_NUMBER.test(refundOrderId)) throw badParameter('refund_order_id');
    checkPaySig(call, world, place);
    const order = orderOf(number, world, place, checkOpenid(openid, world, place));
    if (order.refunds.has(refundOrderId)) throw repeated();
    if (leftFee !== order.leftFee) throw leftFeeWrong();
    if (fee > leftFee) throw badParameter('refund_fee');
    const wxRefundId = digits(28);
    world.orders.refund(order, refundOrderId, fee);
    notifyRefund(world, order, { refundOrderId, wxRefundId, fee });
    return {
      errcode: 0,
      errmsg: 'ok',
      refund_order_id: refundOrderId,
      refund_wx_order_id: wxRefundId,
      pay_order_id: order.orderId,
      pay_wx_order_id: order.wxOrderId,
    };
  },
};
