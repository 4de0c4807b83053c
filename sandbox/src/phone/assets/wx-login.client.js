import { copyable } from './copyable.client.js';
import { countdown } from './countdown.client.js';
import { byId, h } from './dom.client.js';
import { control, holder, miniPrograms, state } from './state.client.js';
import { t } from './texts.client.js';
import { complain } from './toast.client.js';

let last = null;

/** Fills the list of mini programs and makes the button work. */
export function prepareLogin() {
  byId('mini').replaceChildren(
    ...miniPrograms().map(({ appId, name }) => h('option', { value: appId }, `${name} · ${appId}`)),
  );
  byId('get-code').addEventListener('click', () => void getCode());
}

/** Draws the last code, with the call that uses it. */
export function drawCode() {
  const box = byId('result');
  box.hidden = last === null;
  if (!last) return;
  box.replaceChildren(
    h('div', { class: 'line' }, h('b', {}, t('codeFor', last.nickname)), countdown(box, last.endsAt)),
    copyable('code', last.code),
    h('div', { class: 'line' }, h('b', {}, t('curl'))),
    copyable('curl', last.curl),
  );
}

async function getCode() {
  const person = holder();
  try {
    const { code, appId, expiresIn } = await control('wx-login', {
      person: person.id,
      appId: byId('mini').value,
    });
    // The first mini program is the service's default, too: then the appId may be left out.
    const body = appId === miniPrograms()[0].appId ? { code } : { code, appId };
    last = {
      code,
      nickname: person.nickname.slice(0, 40),
      endsAt: Date.now() + expiresIn * 1000,
      curl: `curl -X POST ${state.serviceUrl}/v1/mini-program/login -H 'content-type: application/json' -d '${JSON.stringify(body)}'`,
    };
    drawCode();
  } catch (error) {
    complain(error);
  }
}
