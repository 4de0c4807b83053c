import { addressScreen } from './address.client.js';
import { consent, result } from './consent.client.js';
import { byId } from './dom.client.js';
import { home, scan } from './home.client.js';
import { mini } from './mini.client.js';
import { partner } from './partner.client.js';
import { shop } from './shop.client.js';
import { holder, state } from './state.client.js';
import { drawWebView } from './web-view.client.js';

const SCREENS = {
  home,
  scan,
  consent,
  allowed: result,
  denied: result,
  expired: result,
  mini,
  partner,
  shop,
  address: addressScreen,
  page: () => [],
};
let drawn = '';

/** Draws the screen of the phone. A new screen takes the focus, so that a screen reader follows. */
export function drawScreen() {
  if (!holder()) return;
  const screen = byId('screen');
  const isNew = drawn !== '' && drawn !== nameOf(state);
  const typed = isNew ? [] : textInputs(screen).map(({ value }) => value);
  const active = screen.ownerDocument.activeElement;
  const focused = screen.contains(active);
  screen.replaceChildren(...SCREENS[state.screen]().filter((part) => part !== false));
  screen.dataset.screen = state.screen;
  screen.hidden = state.screen === 'page';
  drawWebView();
  typed.forEach((value, at) => {
    const input = textInputs(screen)[at];
    if (input && value !== '') input.value = value;
  });
  if (isNew) screen.scrollTop = 0;
  const kept = !isNew && active?.id ? screen.querySelector(`#${active.id}`) : null;
  if (isNew || focused) (kept ?? screen.querySelector('[data-focus]'))?.focus({ preventScroll: true });
  drawn = nameOf(state);
}

function textInputs(screen) {
  return [...screen.querySelectorAll('input:not([type])')];
}

/** The steps of a mini program are screens of their own. */
function nameOf({ screen, mini: shown, partner: asked, shop: sold }) {
  return `${screen} ${(shown ?? asked ?? sold)?.step ?? ''}`;
}
