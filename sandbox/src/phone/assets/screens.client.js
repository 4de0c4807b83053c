import { addressScreen } from './address.client.js';
import { consent, result } from './consent.client.js';
import { byId } from './dom.client.js';
import { home, scan } from './home.client.js';
import { mini } from './mini.client.js';
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
  address: addressScreen,
  page: () => [],
};
let drawn = '';

/** Draws the screen of the phone. A new screen takes the focus, so that a screen reader follows. */
export function drawScreen() {
  if (!holder()) return;
  const screen = byId('screen');
  const typed = screen.querySelector('input:not([type])')?.value;
  const focused = screen.contains(screen.ownerDocument.activeElement);
  const isNew = drawn !== '' && drawn !== nameOf(state);
  screen.replaceChildren(...SCREENS[state.screen]());
  screen.dataset.screen = state.screen;
  screen.hidden = state.screen === 'page';
  drawWebView();
  const input = screen.querySelector('input:not([type])');
  if (input && typed && !isNew) input.value = typed;
  if (isNew) screen.scrollTop = 0;
  if (isNew || focused) screen.querySelector('[data-focus]')?.focus({ preventScroll: true });
  drawn = nameOf(state);
}

/** The steps of the mini program are screens of their own. */
function nameOf({ screen, mini: shown }) {
  return shown ? `${screen} ${shown.step}` : screen;
}
