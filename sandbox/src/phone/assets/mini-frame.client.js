import { bar, goHome, outcome } from './bar.client.js';
import { h } from './dom.client.js';
import { refusalText } from './refusals.client.js';
import { t } from './texts.client.js';

/** The title bar of a mini program, with WeChat's capsule. */
export function miniBar(text, back) {
  const title = bar(text, back);
  title.append(
    h(
      'span',
      { class: 'capsule' },
      h('span', { class: 'dots', 'aria-hidden': 'true' }, '•••'),
      h(
        'button',
        { type: 'button', 'aria-label': t('close'), onclick: goHome },
        h('span', { class: 'ring', 'aria-hidden': 'true' }),
      ),
    ),
  );
  return title;
}

/** A mini program while it opens. */
export function opening(appName) {
  return [
    h(
      'div',
      { class: 'empty', role: 'status' },
      h('span', { class: 'spinner', 'aria-hidden': 'true' }),
      h('b', {}, appName),
      h('p', {}, t('miniOpening')),
    ),
  ];
}

/** A button of an answer. It does nothing while an earlier answer is on its way. */
export function answerButton({ kind, text, busy, focus, onclick }) {
  return h(
    'button',
    {
      type: 'button',
      class: kind,
      'data-focus': focus,
      'aria-disabled': busy ? 'true' : null,
      onclick: () => void (busy || onclick()),
    },
    text,
  );
}

/** What the service refused: `{ code, text }`. */
export function refusal(problem) {
  const { title, hint } = refusalText(problem);
  const kind = problem.code === 'SCAN_UNKNOWN' ? 'expired' : 'failed';
  const detail = problem.code && kind === 'failed' && h('code', { class: 'problem' }, problem.code);
  return outcome(kind, title, hint, detail || '');
}
