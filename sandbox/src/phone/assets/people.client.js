import { HOME } from './bar.client.js';
import { avatar, byId, h, icon, ICONS } from './dom.client.js';
import { control, holder, state, update } from './state.client.js';
import { t } from './texts.client.js';
import { complain } from './toast.client.js';

const choice = { face: 0, colour: 1 };

/** Draws the people to pick from. */
export function drawPeople() {
  const chosen = holder();
  const buttons = state.people.map((person) =>
    h(
      'button',
      {
        type: 'button',
        class: 'person',
        'data-id': person.id,
        'aria-pressed': String(person === chosen),
        title: person.nickname.slice(0, 80),
        onclick: () => pick(person),
      },
      avatar(person.avatar),
      h('span', { class: 'name' }, person.nickname.slice(0, 80) || '—'),
      h('span', { class: 'tag' }, tagOf(person)),
    ),
  );
  const add = h(
    'button',
    {
      type: 'button',
      class: 'person add',
      id: 'add',
      'aria-expanded': String(!byId('new').hidden),
      onclick: open,
    },
    h('span', { class: 'avatar' }, icon(ICONS.plus)),
    h('span', { class: 'name' }, t('newPerson')),
    h('span', { class: 'tag' }, ' '),
  );
  const focused = document.activeElement?.dataset.id;
  // With many people, the button for a new one must not be at the end of a scrolling list.
  byId('people').replaceChildren(...(buttons.length > 8 ? [add, ...buttons] : [...buttons, add]));
  if (focused) byId('people').querySelector(`[data-id="${focused}"]`)?.focus();
}

/** Draws the form for a new person, and makes it work. */
export function prepareForm() {
  drawChoices();
  byId('cancel-new').addEventListener('click', close);
  byId('new').addEventListener('submit', (event) => {
    event.preventDefault();
    void create();
  });
}

/** A short description of a person's account. */
export function tagOf(person) {
  if (person.blocked) return t('blocked');
  return t(person.unionId === null ? 'noUnion' : 'hasUnion');
}

function pick(person) {
  // A scan belongs to the person who made it: another person starts at home.
  update({ personId: person.id, ...HOME });
}

function drawChoices() {
  const { faces, colours } = state;
  const draw = (name, values, picture) =>
    byId(`${name}s`).replaceChildren(
      ...values.map((value, at) =>
        h(
          'label',
          { class: 'choice' },
          h('input', {
            type: 'radio',
            name,
            'aria-label': value,
            checked: choice[name] === at,
            onchange: () => {
              choice[name] = at;
              if (name === 'colour') drawChoices();
            },
          }),
          picture(value),
        ),
      ),
    );
  const focused = document.activeElement?.getAttribute('aria-label');
  draw('face', faces, (face) => avatar({ face, colour: colours[choice.colour] }));
  draw('colour', colours, (colour) => {
    const swatch = h('span', { class: 'swatch' });
    swatch.style.background = colour;
    return swatch;
  });
  document.querySelector(`input[aria-label="${focused}"]`)?.focus();
}

function open() {
  byId('new').hidden = false;
  byId('add').setAttribute('aria-expanded', 'true');
  byId('nickname').focus();
}

function close() {
  byId('new').reset();
  byId('new').hidden = true;
  drawPeople();
  byId('add').focus();
}

async function create() {
  try {
    const person = await control('people', {
      nickname: byId('nickname').value,
      avatar: { face: state.faces[choice.face], colour: state.colours[choice.colour] },
      withUnionId: byId('union').checked,
    });
    const { people } = await control('people');
    close();
    update({ people });
    pick(person);
  } catch (error) {
    complain(error);
  }
}
