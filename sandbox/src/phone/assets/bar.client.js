import { h, icon, ICONS } from './dom.client.js';
import { update } from './state.client.js';
import { t } from './texts.client.js';

/** The state of the home screen. */
export const HOME = { screen: 'home', login: null, mini: null, partner: null, shop: null, page: null };

/** Goes to the home screen. */
export const goHome = () => update(HOME);

/** The title bar of a screen, with a way back where `back` is set. */
export function bar(title, back) {
  const button = h(
    'button',
    { type: 'button', class: 'bar_back', 'aria-label': t('back'), 'data-focus': true, onclick: goHome },
    icon(ICONS.back),
  );
  return h('div', { class: 'bar' }, back && button, h('h3', {}, title));
}

/** A final screen: an icon, what happened, and the next step. `kind`: allowed, denied, expired or failed. */
export function outcome(kind, title, hint, ...more) {
  const mark = { allowed: ICONS.check, denied: ICONS.cross, expired: ICONS.clock, failed: ICONS.alert }[kind];
  return [
    h(
      'div',
      { class: `outcome ${kind}`, role: 'status' },
      h('span', { class: 'outcome_mark' }, icon(mark)),
      h('h3', {}, title),
      h('p', {}, hint),
      ...more,
    ),
    h(
      'div',
      { class: 'answers' },
      h('button', { type: 'button', class: 'plain', 'data-focus': true, onclick: goHome }, t('done')),
    ),
  ];
}
