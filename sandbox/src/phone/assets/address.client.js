import { bar } from './bar.client.js';
import { h, icon, ICONS } from './dom.client.js';
import { control, holder, state, update } from './state.client.js';
import { t } from './texts.client.js';
import { complain } from './toast.client.js';
import { openPage } from './web-view.client.js';

/** Which page is to be opened in WeChat, and as whom. */
export function addressScreen() {
  const input = h('input', {
    id: 'address',
    inputmode: 'url',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    'data-focus': true,
  });
  input.value = `${state.serviceUrl}/login`;
  const form = h(
    'form',
    { class: 'address' },
    h('label', { class: 'field' }, h('span', {}, t('addressLabel')), input),
    h('button', { class: 'primary' }, t('open')),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    openPage(input.value.trim());
  });
  return [
    bar(t('address'), true),
    form,
    snapshotSwitch(),
    h(
      'div',
      { class: 'empty low' },
      icon(ICONS.globe, 'ghost'),
      h('p', {}, t('addressHint', holder().nickname.slice(0, 40))),
    ),
  ];
}

function snapshotSwitch() {
  const person = holder();
  const box = h('input', { type: 'checkbox', checked: person.snapshotUser, role: 'switch' });
  box.addEventListener('change', () => void setSnapshotUser(person, box.checked));
  return h(
    'label',
    { class: 'switch cell' },
    h('span', { class: 'cell_main' }, h('b', {}, t('snapshotUser')), h('small', {}, t('snapshotUserHint'))),
    box,
    h('span', { class: 'track', 'aria-hidden': 'true' }),
  );
}

async function setSnapshotUser(person, snapshotUser) {
  try {
    const changed = await control(`people/${person.id}`, { snapshotUser }, 'PATCH');
    update({ people: state.people.map((each) => (each.id === changed.id ? changed : each)) });
  } catch (error) {
    complain(error);
  }
}
