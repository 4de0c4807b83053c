import { bar, goHome, outcome } from './bar.client.js';
import { h, icon, ICONS } from './dom.client.js';
import { refusalText } from './refusals.client.js';
import { answerScan } from './scanning.client.js';
import { state } from './state.client.js';
import { languageTag, t } from './texts.client.js';

/** The sample mini program, opened by a scan. */
export function mini() {
  const { step, problem } = state.mini;
  const ends = {
    confirmed: () => outcome('allowed', t('miniConfirmed'), t('miniConfirmedHint')),
    denied: () => outcome('denied', t('cancelled'), t('miniDeniedHint')),
    expired: () => outcome('expired', t('expired'), t('expiredHint')),
    refused: () => refusal(problem),
  };
  const content = step === 'opening' ? opening() : (ends[step] ?? asking)();
  return [miniBar(), ...content];
}

function miniBar() {
  const title = bar(t('miniTitle'));
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

function opening() {
  return [
    h(
      'div',
      { class: 'empty', role: 'status' },
      h('span', { class: 'spinner', 'aria-hidden': 'true' }),
      h('b', {}, state.mini.code.appName),
      h('p', {}, t('miniOpening')),
    ),
  ];
}

function asking() {
  const { site, device, code } = state.mini;
  const time = new Intl.DateTimeFormat(languageTag(), { timeStyle: 'medium', hourCycle: 'h23' });
  const what = [device.browser ?? t('someBrowser'), device.os ?? t('someSystem')];
  const who = [site.name, site.host].filter((each) => each !== null).join(' · ');
  const facts = [
    [t('site'), who === '' ? t('unknown') : who],
    [t('browser'), device.browser ?? t('unknown')],
    [t('system'), device.os ?? t('unknown')],
    [t('ipAddress'), device.ip ?? '—'],
    [t('askedAt'), device.requestedAt ? time.format(new Date(device.requestedAt)) : '—'],
  ];
  const answerButton = (action, kind, text, focus) =>
    h(
      'button',
      {
        type: 'button',
        class: kind,
        'data-focus': focus,
        'aria-disabled': state.mini.busy ? 'true' : null,
        onclick: () => void (state.mini.busy || answerScan(action)),
      },
      text,
    );
  return [
    h(
      'div',
      { class: 'asks computer' },
      icon(ICONS.computer, 'screen_mark'),
      h('h3', {}, t('miniAsks')),
      h('p', {}, t('miniAsksHint', ...what)),
    ),
    h(
      'dl',
      { class: 'facts' },
      ...facts.flatMap(([name, fact]) => [
        h('dt', {}, name),
        h('dd', {}, h('span', { class: 'host' }, fact)),
      ]),
    ),
    h('p', { class: 'caution' }, t('miniCaution')),
    h(
      'div',
      { class: 'answers' },
      answerButton('confirm', 'primary', t('miniConfirm'), true),
      answerButton('deny', 'plain', t('cancel')),
      h('small', { class: 'whose' }, code.appName),
    ),
  ];
}

function refusal(problem) {
  const { title, hint } = refusalText(problem);
  const kind = problem.code === 'SCAN_UNKNOWN' ? 'expired' : 'failed';
  const detail = problem.code && kind === 'failed' && h('code', { class: 'problem' }, problem.code);
  return outcome(kind, title, hint, detail || '');
}
