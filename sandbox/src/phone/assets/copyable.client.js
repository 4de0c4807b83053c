import { h } from './dom.client.js';
import { copyText, t } from './texts.client.js';

/** Text in a box with a button that copies it; where copying is not allowed, the button selects it. */
export function copyable(kind, text) {
  const code = h('code', { class: kind, tabindex: '0' }, text);
  const button = h('button', { type: 'button', class: 'copy' }, t('copy'));
  button.addEventListener('click', async () => {
    if (await copyText(text)) {
      button.textContent = t('copied');
      setTimeout(() => {
        button.textContent = t('copy');
      }, 1500);
    } else {
      code.ownerDocument.getSelection().selectAllChildren(code);
    }
  });
  return h('div', { class: 'copyable' }, code, button);
}
