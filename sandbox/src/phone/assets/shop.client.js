import { outcome } from './bar.client.js';
import { appTile, h, icon, ICONS } from './dom.client.js';
import { miniBar, opening, refusal } from './mini-frame.client.js';
import { yuan } from './money.client.js';
import { paymentWindow } from './payment-window.client.js';
import { control, holder, miniPrograms, state, update } from './state.client.js';
import { t } from './texts.client.js';
import { complain } from './toast.client.js';

/*
 * The sample mini program as a customer of a shop: it orders there, and calls wx.requestVirtualPayment with what the
 * shop answers (section 13.2).
 */

/** The screen of the step where it stands. */
export function shop() {
  const { step, problem } = state.shop ?? { step: 'goods' };
  const content = {
    goods,
    ordering: () => opening(appName()),
    window: () => [...goods(), paymentWindow(answer)],
    refused: () => refusal(problem),
    ended,
  }[step]();
  return [miniBar(t('shopTitle'), step === 'goods'), ...content];
}

/** Opens the shop. */
export async function openShop() {
  update({ screen: 'shop', shop: { step: 'goods', goods: [] } });
  try {
    const { goods: listed } = await control('goods');
    if (state.shop) update({ shop: { ...state.shop, goods: listed } });
  } catch (error) {
    complain(error);
  }
}

/** What became of the notice of a payment, while the screen shows it. */
export async function lookAtDelivery() {
  const { shop: shown } = state;
  if (shown?.delivery?.state !== 'waiting') return;
  const delivery = await control(`push-deliveries/${shown.delivery.id}`);
  if (state.shop === shown) update({ shop: { ...shown, delivery } });
}

function appName() {
  return miniPrograms()[0]?.name ?? '';
}

function goods() {
  const { goods: listed, step } = state.shop;
  const rows = listed.map((good) =>
    h(
      'li',
      { class: 'login' },
      h(
        'button',
        { type: 'button', class: 'cell', disabled: step !== 'goods', onclick: () => void order(good) },
        appTile(good.productId, good.name),
        h('span', { class: 'cell_main' }, h('b', {}, good.name), h('small', {}, good.productId)),
        h('b', { class: 'price' }, yuan(good.price)),
      ),
    ),
  );
  return [
    h('p', { class: 'scan_hint' }, t('shopHint', state.shopUrl)),
    h('ul', { class: 'cells goods' }, rows),
  ];
}

/** The shop is asked, then WeChat checks what it answered and opens its window. */
async function order(good) {
  const shown = { ...state.shop, step: 'ordering', good };
  update({ shop: shown });
  const change = await orderAndCheck(good).catch(({ code, message }) => ({
    step: 'refused',
    problem: { code: code ?? null, text: message },
  }));
  // The person may have left the screen meanwhile.
  if (state.shop === shown) update({ shop: { ...shown, ...change } });
}

async function orderAndCheck({ productId }) {
  const asked = await control('shop-orders', { person: holder().id, productId });
  const { window: shown, ...result } = await request(asked, 'none');
  return shown ? { step: 'window', asked, window: shown } : { step: 'ended', result };
}

function request(asked, answer) {
  return control('virtual-payments', { person: holder().id, ...asked, answer });
}

/** The answer of the person to the window. */
async function answer(what) {
  const shown = { ...state.shop, busy: true };
  update({ shop: shown });
  const change = await request(shown.asked, what).then(
    ({ errMsg, errCode, delivery = null }) => ({ step: 'ended', result: { errMsg, errCode }, delivery }),
    (error) => complain(error),
  );
  if (state.shop === shown) update({ shop: { ...shown, ...change, busy: false } });
}

/** What the mini program's callback got, and whether the shop has delivered. */
function ended() {
  const { result, good, delivery, window: asked } = state.shop;
  const detail = h('code', { class: 'problem' }, result.errMsg);
  if (result.errCode === 0) {
    return outcome('allowed', t('paid'), `${good.name} · ${yuan(asked.fee)}`, detail, deliveryLine(delivery));
  }
  const isCancel = result.errMsg.endsWith(' cancel');
  return isCancel
    ? outcome('denied', t('payCancelled'), t('payCancelledHint'), detail)
    : outcome('failed', t('payFailed'), t('payFailedHint', result.errCode), detail);
}

function deliveryLine(delivery) {
  const kind = delivery?.state ?? 'unsent';
  const text = {
    delivered: () => t('delivered'),
    waiting: () => t('deliveryWaits', delivery.tries.length),
    lost: () => t('deliveryLost', delivery.tries.length),
    unsent: () => t('deliveryUnsent'),
  }[kind]();
  const mark = kind === 'delivered' ? ICONS.check : kind === 'waiting' ? ICONS.expire : ICONS.alert;
  return h('p', { class: `delivery ${kind}` }, icon(mark), h('span', {}, text));
}
