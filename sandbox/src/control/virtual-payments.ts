import type { FastifyInstance } from 'fastify';
import type { Order } from '../state/orders.js';
import type { World } from '../state/world.js';
import { PaymentFailure, paymentResult } from '../virtual-payment/errors.js';
import { notifyPaid } from '../virtual-payment/notices.js';
import { type Checked, checkPayment, type PaymentRequest } from '../virtual-payment/request.js';
import { ControlError, Fields } from './body.js';
import { appOf, personOf } from './lookup.js';
import { viewOfDelivery } from './push-view.js';

const ANSWERS = ['pay', 'cancel', 'none'] as const;
const FIELDS = ['person', 'appId', 'signData', 'mode', 'paySig', 'signature', 'answer', 'createTime'];

/**
 * Virtual payment on the phone (sections 13.2, 13.4).
 *
 * - `POST /control/virtual-payments` `{ person, appId?, signData, mode, paySig, signature, answer? (pay|cancel|none),
 *   createTime? }` -> `{ errMsg, errno, errCode }`: plays wx.requestVirtualPayment of a mini program, by default the
 *   first, and what the person answers to its window. Where the checks passed, also `window: { title, quantity, fee }`
 *   (fen); where the person paid, also `order: Order` and `delivery` (of `/control/push-deliveries`; null: none is
 *   sent), after its first try. `none` leaves the window open: nothing has happened yet. `createTime` (unix seconds) is
 *   that of the notice
 * - `GET /control/virtual-payments` -> `{ orders: Order[] }`, newest first, at most 50; `GET …/:orderId?appId=` -> Order
 *
 * Order: `{ orderId, wxOrderId, appId, env, person, productId|null, quantity, paidFee, leftFee, attach, status, paidAt
 * (ISO 8601) }`, amounts in fen, `status` as of query_order.
 */
export function registerVirtualPayments(server: FastifyInstance, world: World): void {
  server.post('/control/virtual-payments', async (request) => {
    const fields = new Fields(request.body).only(...FIELDS);
    const person = personOf(world, fields.required('person'));
    const { appId } = appOf(world, fields.text('appId'), 'mini_program');
    const answer = fields.oneOf('answer', ANSWERS) ?? 'pay';
    const createTime = fields.integer('createTime', 0);
    try {
      const checked = checkPayment(world, person, appId, requestOf(fields));
      const window = windowOf(checked);
      if (answer === 'cancel') return { ...paymentResult(new PaymentFailure(-15012)), window };
      if (answer === 'none') return { ...paymentResult(null), window };
      return { ...paymentResult(null), window, ...(await pay(world, checked, createTime)) };
    } catch (error) {
      if (error instanceof PaymentFailure) return paymentResult(error);
      throw error;
    }
  });

  server.get('/control/virtual-payments', () => ({
    orders: world.orders.all().slice(0, MOST_LISTED).map(viewOfOrder),
  }));

  server.get<{ Params: { orderId: string }; Querystring: { appId?: string } }>(
    '/control/virtual-payments/:orderId',
    ({ params: { orderId }, query }) => {
      const order = world.orders.find(appOf(world, query.appId, 'mini_program').appId, orderId);
      if (!order) throw new ControlError(404, `There is no order "${orderId}".`);
      return viewOfOrder(order);
    },
  );
}

const MOST_LISTED = 50;
const LONGEST_SIGN_DATA = 10_000;

function requestOf(fields: Fields): PaymentRequest {
  return {
    signData: fields.text('signData', LONGEST_SIGN_DATA) ?? '',
    mode: fields.text('mode') ?? '',
    paySig: fields.text('paySig') ?? '',
    signature: fields.text('signature') ?? '',
  };
}

function windowOf({ title, purchase }: Checked) {
  return { title, quantity: purchase.quantity, fee: purchase.paidFee };
}

async function pay(world: World, { purchase }: Checked, createTime: number | undefined) {
  const order = world.orders.add(purchase);
  if (order.productId === null) {
    world.balances.save(world.balances.of(order.appId, order.env, order.personId), order.quantity);
  }
  const notice = notifyPaid(world, order, createTime);
  await notice?.first;
  return { order: viewOfOrder(order), delivery: notice && viewOfDelivery(notice.delivery) };
}

function viewOfOrder(order: Order) {
  const { orderId, wxOrderId, appId, env, personId, productId, quantity, paidFee, leftFee, attach, status } =
    order;
  return {
    ...{
      orderId,
      wxOrderId,
      appId,
      env,
      person: personId,
      productId,
      quantity,
      paidFee,
      leftFee,
      attach,
      status,
    },
    paidAt: new Date(order.paidAt).toISOString(),
  };
}
