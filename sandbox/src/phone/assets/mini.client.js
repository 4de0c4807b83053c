import { outcome } from './bar.client.js';
import { h, icon, ICONS } from './dom.client.js';
import { answerButton, miniBar, opening, refusal } from './mini-frame.client.js';
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
  const content = step === 'opening' ? opening(state.mini.code.appName) : (ends[step] ?? asking)();
  return [miniBar(t('miniTitle')), ...content];
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
  const answer = (action, kind, text, focus) =>
    answerButton({ kind, text, focus, busy: state.mini.busy, onclick: () => answerScan(action) });
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
      answer('confirm', 'primary', t('miniConfirm'), true),
      answer('deny', 'plain', t('cancel')),
      h('small', { class: 'whose' }, code.appName),
    ),
  ];
}
