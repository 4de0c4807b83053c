// Sells virtual goods in a mini program. It knows neither AppSecret nor session_key nor AppKey: wechat-auth signs.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createAuthenticator, createServiceClient, verifyPush } from '@wechat-auth/node';
import { askWeChat } from './ask-wechat.mjs';
import { addOrder, deliver, deliveriesTo, orderOf } from './orders.mjs';

const { AUTH_URL, SERVICE_KEY, WEBHOOK_SECRET, PUSH_AES_KEY, OFFER_ID, PAY_ENV, PORT = 4100 } = process.env;
const PRICES = new Map(Object.entries({ product_001: 100, vip_month: 1800, course_001: 9900 })); // fen, as published at WeChat
const env = Number(PAY_ENV); // 0 live, 1 sandbox
const { authenticate } = createAuthenticator({ issuer: AUTH_URL });
const auth = createServiceClient({ baseUrl: AUTH_URL, apiKey: SERVICE_KEY });
const done = { ErrCode: 0, ErrMsg: 'success' };

const ROUTES = {
  async 'POST /orders'(request, body) {
    const { sub: userId, appId } = await authenticate(request);
    const { productId } = JSON.parse(body);
    if (!PRICES.has(productId)) return [404, { code: 'PRODUCT_UNKNOWN' }];
    const id = randomUUID().replaceAll('-', '');
    const goods = { productId, goodsPrice: PRICES.get(productId), buyQuantity: 1, currencyType: 'CNY' };
    // From here to the phone it is a text: both signatures are of its bytes.
    const signData = JSON.stringify({ offerId: OFFER_ID, env, ...goods, outTradeNo: id, attach: 'shop' });
    const call = { uri: 'requestVirtualPayment', env, requireAlive: true };
    const { openId, signature, paySig } = await auth.sign({ appId, userId, payload: signData, ...call });
    addOrder({ id, appId, userId, openId, productId }); // before the phone can pay
    return [200, { signData, mode: 'short_series_goods', paySig, signature }];
  },

  'GET /orders': async (request) => [200, { items: deliveriesTo((await authenticate(request)).sub) }],

  async 'POST /pushes'({ headers }, body) {
    const { message } = verifyPush({ body, headers, secret: WEBHOOK_SECRET, aesKey: PUSH_AES_KEY });
    const { Event, OutTradeNo, OpenId, Env, GoodsInfo } = JSON.parse(message);
    if (Event !== 'xpay_goods_deliver_notify') return [200, /^xpay_/.test(Event) ? done : 'success'];
    const order = orderOf(OutTradeNo);
    const isOurs = order?.openId === OpenId && order.productId === GoodsInfo.ProductId && Env === env;
    if (isOurs) deliver(order);
    return [200, isOurs ? done : { ErrCode: 1, ErrMsg: 'no such order' }]; // all but `done` is repeated
  },
};

async function answer(request) {
  try {
    const route = ROUTES[`${request.method} ${request.url.split('?')[0]}`];
    const { 'content-length': size, 'transfer-encoding': coding } = request.headers;
    if (coding || size > 65_536) return [413, { code: 'PAYLOAD_TOO_LARGE' }];
    return (await route?.(request, Buffer.concat(await request.toArray()))) ?? [404, { code: 'NOT_FOUND' }];
  } catch (error) {
    console.error(`${request.method} ${error}`);
    const isTheirs = /^(TOKEN|WEBHOOK|SESSION_KEY)_/.test(error.code); // others are ours: come again
    return [isTheirs ? error.status : 503, { code: error.code, advice: error.advice }];
  }
}

createServer(async (request, response) => {
  const [status, body] = await answer(request);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}).listen(PORT, '127.0.0.1');
askWeChat(auth, env);
