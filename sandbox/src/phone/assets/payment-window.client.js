import { h, icon, ICONS } from './dom.client.js';
import { answerButton } from './mini-frame.client.js';
import { yuan } from './money.client.js';
import { miniPrograms, state } from './state.client.js';
import { t } from './texts.client.js';

/** WeChat's window that asks to pay, over the page of the mini program. `answer` takes `pay` or `cancel`. */
export function paymentWindow(answer) {
  const { window: asked, busy } = state.shop;
  const close = h(
    'button',
    {
      type: 'button',
      class: 'bar_back',
      'aria-label': t('payCancel'),
      title: t('payCancel'),
      'aria-disabled': busy ? 'true' : null,
      onclick: () => void (busy || answer('cancel')),
    },
    icon(ICONS.cross),
  );
  return h(
    'div',
    { class: 'pay_layer' },
    h(
      'div',
      { class: 'pay_window', role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': 'pay-title' },
      h('div', { class: 'bar' }, close, h('h3', { id: 'pay-title' }, t('payTitle'))),
      h('p', { class: 'payee' }, miniPrograms()[0]?.name ?? ''),
      h('p', { class: 'amount' }, yuan(asked.fee)),
      h(
        'dl',
        { class: 'facts' },
        h('dt', {}, t('payGood')),
        h('dd', {}, h('span', {}, asked.title)),
        h('dt', {}, t('payQuantity')),
        h('dd', {}, h('span', {}, String(asked.quantity))),
      ),
      h(
        'div',
        { class: 'answers' },
        answerButton({
          kind: 'primary',
          text: t('pay'),
          busy,
          focus: true,
          onclick: () => void answer('pay'),
        }),
        answerButton({ kind: 'plain', text: t('payCancel'), busy, onclick: () => void answer('cancel') }),
      ),
    ),
  );
}
