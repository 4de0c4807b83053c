// For a notice that never comes: asks WeChat whether an order was paid (wechat-auth signs this, too).
import { deliver, undeliveredOf } from './orders.mjs';

const { WECHAT_API_URL = 'https://api.weixin.qq.com', ASK_AFTER = 300, ASK_EVERY = 60 } = process.env; // seconds
const UNTIL = 24 * 3600;
const PAID = [2, 3, 4]; // status: paid, delivering, delivered

/** Looks after orders that have not been delivered, as long as the process runs. */
export function askWeChat(auth, env) {
  setTimeout(async () => {
    for (const order of undeliveredOf(Number(ASK_AFTER), UNTIL)) await settle(order).catch(console.error);
    askWeChat(auth, env);
  }, ASK_EVERY * 1000);

  async function settle({ id, ...order }) {
    const reply = await xpay(order, '/xpay/query_order', { openid: order.openId, order_id: id, env });
    if (reply.errcode !== 0 || !PAID.includes(reply.order.status)) return;
    deliver({ id, ...order });
    await xpay(order, '/xpay/notify_provide_goods', { order_id: id, env });
  }

  async function xpay({ appId, openId }, uri, fields) {
    const payload = JSON.stringify(fields); // what is signed is what is sent
    const { paySig } = await auth.sign({ appId, openId, payload, uri, env });
    const { accessToken } = await auth.appAccessToken(appId);
    const url = `${WECHAT_API_URL}${uri}?access_token=${accessToken}&pay_sig=${paySig}`;
    const reply = await fetch(url, { method: 'POST', body: payload, signal: AbortSignal.timeout(5000) });
    return reply.json();
  }
}
