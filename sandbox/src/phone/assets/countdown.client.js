import { h } from './dom.client.js';
import { t } from './texts.client.js';

const ticking = new WeakMap();

/** Counts down in `box` until the code expires at `endsAt` (ms); then marks the box as expired. */
export function countdown(box, endsAt) {
  const left = h('small', { class: 'left' });
  const tick = () => {
    const seconds = Math.max(0, Math.round((endsAt - Date.now()) / 1000));
    left.textContent = seconds > 0 ? t('expiresIn', clockText(seconds)) : t('expiredCode');
    box.classList.toggle('over', seconds === 0);
    if (seconds === 0) clearInterval(ticking.get(box));
  };
  stopCountdown(box);
  ticking.set(box, setInterval(tick, 1000));
  tick();
  return left;
}

/** Stops the countdown of a box that shows something without an expiry. */
export function stopCountdown(box) {
  clearInterval(ticking.get(box));
  box.classList.remove('over');
}

function clockText(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
