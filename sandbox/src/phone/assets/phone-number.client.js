import { copyable } from './copyable.client.js';
import { countdown, stopCountdown } from './countdown.client.js';
import { byId, h } from './dom.client.js';
import { control, holder, state } from './state.client.js';
import { t } from './texts.client.js';
import { complain } from './toast.client.js';

let last = null;

/** Makes the buttons of the card work. */
export function preparePhoneNumber() {
  byId('get-phone-code').addEventListener('click', () => void get(byCode));
  byId('get-sealed').addEventListener('click', () => void get(sealed));
}

/** Draws whose number it is, the last result, and the call that uses it. */
export function drawPhoneNumber() {
  const person = holder();
  if (person)
    byId('own-number').textContent = t('phoneHint', `+${person.countryCode}\u00a0${person.phoneNumber}`);
  const box = byId('phone-result');
  box.hidden = last === null;
  if (!last) return;
  stopCountdown(box);
  box.replaceChildren(...last.draw(box));
}

async function get(way) {
  const person = holder();
  const asked = { person: person.id, appId: byId('mini').value };
  try {
    last = { draw: await way(asked, person.nickname.slice(0, 40)) };
    drawPhoneNumber();
  } catch (error) {
    complain(error);
  }
}

/** The code of the button. */
async function byCode(asked, nickname) {
  const { code, expiresIn } = await control('phone-code', asked);
  const endsAt = Date.now() + expiresIn * 1000;
  return (box) => [
    h('div', { class: 'line' }, h('b', {}, t('phoneCodeFor', nickname)), countdown(box, endsAt)),
    copyable('code', code),
    h('div', { class: 'line' }, h('b', {}, t('handOver'))),
    call({ code }),
  ];
}

/** The older way: the number encrypted with the session_key. */
async function sealed(asked, nickname) {
  try {
    const { encryptedData, iv } = await control('open-data', { ...asked, kind: 'phone' });
    return () => [
      // Shown in the call only: it is long, and nobody reads it.
      h('div', { class: 'line' }, h('b', {}, t('sealedFor', nickname))),
      call({ encryptedData, iv }),
    ];
  } catch (error) {
    // Shown here and not on the phone: on a small screen the phone is out of sight.
    if (error.status === 409) return () => [h('p', { class: 'hint' }, t('loginFirst'))];
    throw error;
  }
}

function call(body) {
  return copyable(
    'curl',
    `curl -X POST ${state.serviceUrl}/v1/mini-program/phone-number -H "authorization: Bearer $ACCESS_TOKEN" -H 'content-type: application/json' -d '${JSON.stringify(body)}'`,
  );
}
